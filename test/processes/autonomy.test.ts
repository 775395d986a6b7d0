// deadline: 60 s
/** A real site whose uplink finds nobody: it says so, and what it is about to lose. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { folder, openStore, telemetry } from '../io/record-support.ts';
import { realSite } from './real-site.ts';

test('with an uplink that nobody answers the site says autonomous and works on; what an old record is about to lose unsent is an alarm, and the file of an earlier version a line of the log', async () => {
  using home = folder();
  mkdirSync(home.dir, { recursive: true });
  writeFileSync(path.join(home.dir, 'record.db'), 'of an earlier version');
  const store = openStore(home.dir);
  store.append([telemetry(1), telemetry(2), telemetry(3)]);
  store.append([telemetry(86_401)]);
  store.close();

  await using site = await realSite({
    assets: 1,
    dataDir: home.dir,
    site: { autonomousAfterS: 2, uplinks: [{ id: 'fleet', kind: 'nats', url: 'nats://127.0.0.1:9' }] },
  });
  await site.startRuntime();
  const mode = async (): Promise<string> => (await site.get('/api/v1/status')).data.mode;
  await site.until('the mode is autonomous', 10_000, async () => (await mode()) === 'autonomous');
  const reply = await site.json('dispatch', '--asset', 'bess-1', '--w', '20000', '--duration', '20');
  assert.is(reply.ok, true, JSON.stringify(reply));

  const alarm = async (): Promise<{ message: string } | undefined> =>
    (await site.get('/api/v1/alarms')).data.active.find(
      ({ alarm_id }: { alarm_id: string }) => alarm_id === 'record-unsent',
    );
  await site.until('the alarm', 10_000, async () => (await alarm()) !== undefined);
  assert.match((await alarm())?.message ?? '', /gives up \d+ reports soon that the uplink fleet has not sent/);
  const lines = site
    .log()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const old = lines.find(({ event }) => event === 'old_record_found');
  assert.equal([old?.['file'], old?.['bytes']], [path.join(home.dir, 'record.db'), 21]);
  const told = lines.find(({ event, alarm_id }) => event === 'alarm' && alarm_id === 'record-unsent');
  assert.is(told?.['state'], 'active');
  assert.ok(lines.some(({ event, uplink }) => event === 'uplink_offline' && uplink === 'fleet'));
});

test.run();
