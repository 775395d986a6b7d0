// deadline: 90 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadSite } from '../../io/site-file.ts';
import { runSite } from '../../main.ts';
import { startSimulator } from '../../simulator/simulate.ts';
import { systemClock } from '../../supervisor/clock.ts';
import { openRecordReader } from '../../io/record-reader.ts';

test('record, north, driver and guard are each killed, and the battery never notices but for its own driver', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bessd-threads-'));
  const simulator = await startSimulator({ clock: systemClock, port: 0, assets: 1 });
  const { port } = simulator.assets[0] ?? { port: 0 };
  const file = path.join(folder, 'site.yaml');
  writeFileSync(
    file,
    `site: { id: THREADS }\nassets:\n  - { id: bess-1, profile: huawei-sun2000-luna2000, modbus: { host: 127.0.0.1, port: ${port} }, capacityWh: 200000, maxChargePowerW: 100000, maxDischargePowerW: 100000, idle: hold, onExit: hold }\n`,
  );
  const loaded = loadSite(file, { ...process.env, DATA_DIR: path.join(folder, 'data') });
  const ready: string[] = [];
  const running = runSite({
    loaded,
    socketPath: path.join(folder, 's.sock'),
    version: '0.0.0',
    anyPort: true,
    onSignal: (signal) => ready.push(signal.type),
  });
  const { site } = running;
  const plant = simulator.assets[0]?.asset;
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    for (let waited = 0; !holds(); waited += 50) {
      if (waited > 15_000) throw new Error(`never: ${what}`);
      await sleep(50);
    }
  };
  const dispatch = (w: number): Promise<{ ok: boolean }> =>
    new Promise((resolve) =>
      site.command(
        {
          type: 'COMMAND',
          id: 1,
          origin: 'socket',
          command: {
            name: 'dispatch',
            body: { id: `t${Math.random()}`, asset_id: 'bess-1', w, duration_s: 60, issuer: 'test' },
          },
        },
        resolve,
      ),
    );
  const kill = (name: string): boolean =>
    site.system.send(name, { type: 'bessd.crash', error: new Error('killed by the test') } as never);

  await until('online', () => site.status().assets[0]?.connection === 'online');
  assert.ok((await dispatch(20_000)).ok);
  await until('20 kW', () => Math.abs((plant?.state().batteryW ?? 0) - 20_000) < 100);

  for (const name of ['record', 'north']) {
    const before = ready.filter((type) => type === 'READY').length;
    assert.ok(kill(name), name);
    await until(`${name} ready again`, () => ready.filter((type) => type === 'READY').length > before);
    assert.ok(Math.abs((plant?.state().batteryW ?? 0) - 20_000) < 100, `${name} is no part of control`);
  }
  assert.ok(kill('guard'));
  await sleep(2500);
  assert.ok(
    Math.abs((plant?.state().batteryW ?? 0) - 20_000) < 100,
    'a new guard gives the permit within the life of the old one',
  );
  assert.ok(kill('driver:bess-1'));
  await until('stopped by its new driver', () => Math.abs(plant?.state().batteryW ?? 0) < 1);
  await until('online again', () => site.status().assets[0]?.connection === 'online');
  assert.ok((await dispatch(10_000)).ok);

  await running.stop();
  assert.is(await running.ended, 0);
  const reader = openRecordReader(loaded.dataDir);
  assert.ok(reader.events({ kind: 'restart', limit: 100 }).length >= 4, 'the restarts are in the record');
  await simulator.stop();
  rmSync(folder, { recursive: true, force: true });
});

test.run();
