/** From the record to the envelope, and through an uplink whose target breaks: everything arrives, under one name each. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../contracts/faults.ts';
import { envelopeSchema } from '../../contracts/uplink.ts';
import type { UplinkMessage } from '../../contracts/uplink.ts';
import { openOutbox } from '../../io/record-outbox.ts';
import { alarm, audit, commandEvent, event, folder, openStore, START_MS, telemetry } from '../io/record-support.ts';
import { startUplink } from './uplink-support.ts';

const DAY_S = 86_400;

test('every class of report comes out as an envelope of the published schema, with units and quality', () => {
  using home = folder();
  const store = openStore(home.dir);
  store.append([telemetry(1, { soh: 99, serial: 'HV1', fan: null }), event(2), alarm(3), commandEvent(4), audit(5)]);
  using outbox = outboxOf(home.dir);
  const all = outbox
    .heads()
    .flatMap(({ streamId, from, to }) => outbox.read(streamId, { from, to }))
    .map(({ text }) => envelopeSchema.parse(JSON.parse(text)));
  assert.equal(
    all.map(({ kind, seq }) => [kind, seq]),
    [
      ['audit', 1],
      ['event', 1],
      ['alarm', 2],
      ['event', 3],
      ['telemetry', 1],
    ],
  );
  const first = all.at(-1);
  assert.ok(first?.kind === 'telemetry');
  assert.equal(first.body.values['soh'], { value: 99, unit: '%', quality: 'good' });
  assert.equal(first.body.values['serial'], { value: 'HV1', unit: '', quality: 'good' });
  assert.equal(first.body.values['fan'], { value: null, unit: '', quality: 'missing' });
  assert.equal(first.body.values['active_power_w'], { value: -1200.5, unit: 'W', quality: 'good' });
  assert.is(first.message_id, `${store.streamId('telemetry')}:1`);
  assert.is(first.ts, new Date(START_MS + 1000).toISOString());
  store.close();
});

test('a stretch over two days and several assets comes in order of its numbers', () => {
  using home = folder();
  const store = openStore(home.dir);
  for (const second of [DAY_S - 1, DAY_S, DAY_S + 1]) store.append([telemetry(second, { a: second })]);
  using outbox = outboxOf(home.dir);
  const head = outbox.heads().find(({ kind }) => kind === 'telemetry');
  assert.equal(head && [head.from, head.to], [1, 3]);
  const values = outbox.read(head?.streamId ?? '', { from: 2, to: 3 }).map(({ text }) => {
    const { body } = JSON.parse(text) as { body: { values: { a: { value: number } } } };
    return body.values.a.value;
  });
  assert.equal(values, [DAY_S, DAY_S + 1]);
  store.close();
});

test('a target that breaks and acknowledges too late gets everything, and what comes twice has the same id', async () => {
  using home = folder();
  const store = openStore(home.dir);
  store.append(Array.from({ length: 300 }, (_, seq) => telemetry(seq)));
  store.append(Array.from({ length: 20 }, (_, seq) => audit(seq)));
  const got: UplinkMessage[] = [];
  let publishes = 0;
  await using uplink = startUplink(home.dir, async () => ({
    publish: async (messages) => {
      publishes += 1;
      got.push(...messages);
      if (publishes === 3) throw new Fault('TIMEOUT', 'the acknowledgement is lost');
    },
    [Symbol.asyncDispose]: async () => undefined,
  }));
  await uplink.until(() => distinct(got) === 320, 'all of the backlog');
  store.append([telemetry(301)]);
  await uplink.until(() => distinct(got) === 321, 'a live report');
  assert.ok(got.length > 321);
  await uplink.until(() => uplink.reports.some(({ state }) => state === 'online'), 'online');
  assert.ok(uplink.reports.some(({ state }) => state === 'offline'));
  store.close();
});

test('live data overtakes the backlog', async () => {
  using home = folder();
  const store = openStore(home.dir);
  store.append(Array.from({ length: 2000 }, (_, seq) => telemetry(seq)));
  const order: number[] = [];
  await using uplink = startUplink(home.dir, async () => ({
    publish: async (messages) => {
      order.push(...messages.map(({ id }) => Number(id.split(':')[1])));
      if (order.length === 50) store.append([telemetry(2001)]);
    },
    [Symbol.asyncDispose]: async () => undefined,
  }));
  await uplink.until(() => order.length === 2001, 'everything');
  assert.is(order.indexOf(2001), 50);
  store.close();
});

test('a slow link gets a backlog in small batches, so that live data waits half a second and not for all of it', async () => {
  using home = folder();
  const store = openStore(home.dir);
  store.append(Array.from({ length: 700 }, (_, seq) => telemetry(seq)));
  const batches: number[] = [];
  await using uplink = startUplink(
    home.dir,
    async () => ({
      publish: async (messages) => {
        batches.push(messages.length);
        await new Promise((resolve) => setTimeout(resolve, 5 * messages.length));
      },
      [Symbol.asyncDispose]: async () => undefined,
    }),
    500,
  );
  await uplink.until(() => batches.reduce((sum, one) => sum + one, 0) === 700, 'all of the backlog');
  // Five milliseconds each: a hundred fit into half a second, whatever else this machine has to do.
  assert.ok(Math.max(...batches) <= 100, batches.join(' '));
  store.close();
});

test('a restarted uplink goes on from its cursor; one whose cursor is unreadable sends everything again', async () => {
  using home = folder();
  const store = openStore(home.dir);
  store.append([telemetry(1), telemetry(2)]);
  const got: string[] = [];
  const open = async () => ({
    publish: async (messages: readonly UplinkMessage[]) => void got.push(...messages.map(({ id }) => id)),
    [Symbol.asyncDispose]: async () => undefined,
  });
  for (const expected of [2, 2, 3]) {
    if (expected === 3) store.append([telemetry(3)]);
    await using uplink = startUplink(home.dir, open);
    await uplink.until(() => uplink.reports.some(({ state }) => state === 'online'), 'online');
    assert.is(got.length, expected);
  }
  writeFileSync(`${home.dir}/uplink-up.json`, '{"version":1,"streams":');
  await using uplink = startUplink(home.dir, open);
  await uplink.until(() => got.length === 6, 'everything again');
  assert.is(new Set(got).size, 3);
  store.close();
});

test('after a damaged file was set aside no message has a name that was used before', () => {
  using home = folder();
  const store = openStore(home.dir);
  store.append([telemetry(1)]);
  const before = store.streamId('telemetry');
  store.close();
  const dir = `${home.dir}/record`;
  for (const name of readdirSync(dir).filter((one) => one.startsWith('telemetry'))) {
    if (name.endsWith('.db')) writeFileSync(`${dir}/${name}`, 'not a database at all, whatever it was before');
    else rmSync(`${dir}/${name}`);
  }
  const again = openStore(home.dir);
  again.append([telemetry(1)]);
  using outbox = outboxOf(home.dir);
  const head = outbox.heads().find(({ kind }) => kind === 'telemetry');
  assert.is.not(head?.streamId, before);
  again.close();
});

test.run();

function outboxOf(dataDir: string) {
  const unitOf = (_asset: string, point: string): string => ({ soh: '%', active_power_w: 'W' })[point] ?? '';
  return openOutbox({ dataDir, siteId: 'SITE-1', wallMs: () => START_MS, unitOf });
}

function distinct(messages: readonly UplinkMessage[]): number {
  return new Set(messages.map(({ id }) => id)).size;
}
