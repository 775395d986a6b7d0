/** bessd as its users run it, with broker, record, stopper and HTTP, as the guard of one half of the batteries. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { killStopper } from '../../scripts/demo/processes.ts';
import { recordDisk } from '../record/place.ts';
import { end, linesOf } from './programs.ts';
import type { Device } from './device.ts';
import { OURS, PERIOD_MS } from './units.ts';

export type Runtime = AsyncDisposable & {
  readonly siteId: string;
  readonly dataDir: string;
  /** Where HTTP listens, and the broker. */
  readonly listens: (what: 'http' | 'broker') => Promise<string>;
};

const SITE_ID = 'SITE-BENCH';
const START_DEADLINE_MS = 30_000;
const PROGRAM = path.join(import.meta.dirname, '..', '..', 'scripts', 'bessd.ts');
const PROFILE = path.join(import.meta.dirname, 'bench-battery.json');

/** The device sees when it polls. */
export function startRuntime({ port }: Device): Runtime {
  const folder = mkdtempSync(path.join(recordDisk(), 'guard-'));
  const config = path.join(folder, 'site.yaml');
  const dataDir = path.join(folder, 'data');
  const site = {
    site: { id: SITE_ID },
    pollIntervalMs: PERIOD_MS,
    assets: Array.from({ length: OURS.count }, (_, at) => ({
      id: `bess-${at + 1}`,
      profile: PROFILE,
      modbus: { host: '127.0.0.1', port: Number(port), unitId: OURS.first + at },
      capacityWh: 10_000_000,
      maxChargePowerW: 40_000,
      maxDischargePowerW: 40_000,
    })),
  };
  writeFileSync(config, stringify(site));
  const child = spawn(process.execPath, [PROGRAM, 'run', '--config', config, '--any-port'], {
    env: { ...process.env, DATA_DIR: dataDir, RUNTIME_DIRECTORY: folder, NO_COLOR: '1' },
  });
  const lines = linesOf(child);
  return {
    siteId: SITE_ID,
    dataDir,
    async listens(what) {
      const line = await lines.next((one) => one.startsWith(`listening ${what} `), START_DEADLINE_MS);
      return line.slice(`listening ${what} `.length);
    },
    async [Symbol.asyncDispose]() {
      await end(child, 'SIGTERM');
      killStopper(dataDir);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
