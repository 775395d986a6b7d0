/**
 * A real site for tests: simulator, runtime and broker as processes of their own, real sockets, a real disk. The tap of the
 * simulator is the oracle; its wall clock is that of this machine, so times compare across processes.
 */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { NODE_FLAGS } from '../../entry/node-flags.ts';
import { killStopper } from '../../scripts/demo/processes.ts';
import { connectControl } from '../../simulator/control-client.ts';
import type { ControlClient } from '../../simulator/control-client.ts';

const PROGRAM = fileURLToPath(new URL('../../scripts/bessd.ts', import.meta.url));

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type RealSite = AsyncDisposable & {
  readonly folder: string;
  readonly http: string;
  readonly siteId: string;
  plant: ControlClient;
  runtime: ChildProcess;
  readonly log: () => string;
  readonly startRuntime: () => Promise<void>;
  readonly startPlant: () => Promise<void>;
  readonly stopPlant: () => Promise<void>;
  /** `npx bessd …` against this site. */
  readonly bessd: (...args: string[]) => Promise<Ended>;
  readonly json: (...args: string[]) => Promise<any>; // oxlint-disable-line typescript/no-explicit-any -- tests look into replies of many kinds
  readonly get: (where: string) => Promise<any>; // oxlint-disable-line typescript/no-explicit-any -- as above
  readonly post: (
    where: string,
    body: unknown,
    headers?: Record<string, string>,
  ) => Promise<{ status: number; body: any }>; // oxlint-disable-line typescript/no-explicit-any -- as above
  /** Waits until the condition holds; fails with its text after `withinMs`. */
  readonly until: (what: string, withinMs: number, holds: () => Promise<boolean> | boolean) => Promise<number>;
  readonly power: (asset?: number) => Promise<number>;
};

export type RealOptions = {
  readonly assets?: number;
  readonly simulate?: readonly string[];
  readonly site?: Record<string, unknown>;
  readonly asset?: Record<string, unknown>;
  readonly env?: Record<string, string>;
  readonly dataDir?: string;
  /** Of the runtime alone. */
  readonly runtimeEnv?: Record<string, string>;
  /** Runs in place of `bessd run`, with a channel for messages. */
  readonly program?: string;
};

let count = 0;

export async function realSite({
  assets = 2,
  simulate = [],
  site = {},
  asset = {},
  env = {},
  dataDir,
  runtimeEnv = {},
  program,
}: RealOptions = {}): Promise<RealSite> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bessd-test-'));
  const siteId = `SITE-${process.pid}-${(count += 1)}`;
  const port = await freePorts(assets);
  const httpPort = await freePorts(1);
  const control = path.join(folder, 'plant.sock');
  const config = path.join(folder, 'site.yaml');
  writeFileSync(
    config,
    stringify({
      site: { id: siteId },
      assets: Array.from({ length: assets }, (_, at) => ({
        id: `bess-${at + 1}`,
        profile: 'huawei-sun2000-luna2000',
        modbus: { host: '127.0.0.1', port: port + at },
        capacityWh: 200_000,
        maxChargePowerW: 100_000,
        maxDischargePowerW: 100_000,
        idle: 'hold',
        onExit: 'hold',
        ...asset,
      })),
      http: { port: httpPort },
      ...site,
    }),
  );
  // Its own folder for the socket, so that sites of other tests are not found.
  const environment = {
    ...process.env,
    DATA_DIR: dataDir ?? path.join(folder, 'data'),
    RUNTIME_DIRECTORY: folder,
    NO_COLOR: '1',
    ...env,
  };
  const plants: ChildProcess[] = [];
  let log = '';

  const self: RealSite = {
    folder,
    siteId,
    http: `http://127.0.0.1:${httpPort}`,
    plant: undefined as never,
    runtime: undefined as never,
    log: () => log,
    async startPlant() {
      const child = start(
        'simulate',
        '--profile',
        'huawei-sun2000-luna2000',
        '--port',
        String(port),
        '--assets',
        String(assets),
        '--control',
        control,
        ...simulate,
      );
      plants.push(child);
      for (let tries = 0; ; tries += 1) {
        try {
          self.plant = await connectControl(control);
          return;
        } catch (error) {
          if (tries > 400) throw error;
          await sleep(50);
        }
      }
    },
    async stopPlant() {
      self.plant.close();
      for (const child of plants.splice(0)) await ended(child, 'SIGKILL');
    },
    async startRuntime() {
      const args = program === undefined ? [PROGRAM, 'run', '--config', config] : [...NODE_FLAGS, program, config];
      self.runtime = logged(
        spawn(process.execPath, args, {
          env: { ...environment, ...runtimeEnv },
          stdio: ['ignore', 'pipe', 'pipe', ...(program === undefined ? [] : (['ipc'] as const))],
        }),
      );
      await self.until('every asset online', 20_000, async () => {
        const { data } = await self.get('/api/v1/status');
        return (
          data.assets.length === assets &&
          data.assets.every(({ connection }: { connection: string }) => connection === 'online')
        );
      });
    },
    bessd: (...args) => finished(start(...args)),
    async json(...args) {
      const { stdout, stderr } = await finished(start(...args, '--json'));
      try {
        return JSON.parse(stdout);
      } catch {
        throw new Error(`no JSON from bessd ${args.join(' ')}: ${stdout}${stderr}`);
      }
    },
    async get(where) {
      const answer = await fetch(self.http + where);
      return (answer.headers.get('content-type') ?? '').includes('json') ? answer.json() : answer.text();
    },
    async post(where, body, headers = {}) {
      const answer = await fetch(self.http + where, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
      return { status: answer.status, body: await answer.json() };
    },
    async until(what, withinMs, holds) {
      const from = performance.now();
      for (;;) {
        if (
          await Promise.resolve()
            .then(holds)
            .catch(() => false)
        )
          return performance.now() - from;
        if (performance.now() - from > withinMs)
          throw new Error(`not within ${withinMs} ms: ${what}\n${log.slice(-3000)}`);
        await sleep(25);
      }
    },
    power: async (at = 0) => (await self.plant.state(at)).batteryW,
    async [Symbol.asyncDispose]() {
      await ended(self.runtime, 'SIGTERM');
      // What outlives a killed runtime must not meet another test: its stopper, and a broker whose note is lost.
      killStopper(environment.DATA_DIR);
      killBrokersOf(folder);
      await self.stopPlant().catch(() => undefined);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await self.startPlant();
  return self;

  function start(...args: string[]): ChildProcess {
    return logged(spawn(process.execPath, [PROGRAM, ...args], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  function logged(child: ChildProcess): ChildProcess {
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (log += chunk.toString()));
    return child;
  }
}

/** By their configuration, which lies in the folder of this site alone. */
function killBrokersOf(folder: string): void {
  const rows = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n');
  for (const row of rows) {
    const [, pid, args = ''] = /^ *(\d+) +(.*)$/.exec(row) ?? [];
    if (!args.includes('nats-server') || !args.includes(folder)) continue;
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      continue; // it has just ended
    }
  }
}

async function finished(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

export async function ended(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<number | null> {
  if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
  const exit = new Promise<number | null>((resolve) => child.on('exit', resolve));
  child.kill(signal);
  return exit;
}

/** First of `wanted` neighbouring ports that are free. */
async function freePorts(wanted: number): Promise<number> {
  for (;;) {
    const first = await new Promise<number>((resolve) => {
      const server = createServer();
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        server.close(() => resolve(port));
      });
    });
    const all = await Promise.all(Array.from({ length: wanted - 1 }, (_, at) => isFree(first + 1 + at)));
    if (all.every(Boolean)) return first;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
