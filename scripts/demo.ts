/**
 * `npm start`: a whole site as real processes on this machine, to look at and to break.
 *
 *   demo ─┬─ plant    `bessd simulate`: two batteries behind Modbus TCP        started first, ended last
 *         └─ runtime  `bessd run`, with its own broker; restarted when it dies, as systemd would
 *
 * Exit codes: 0 ended in order, 1 something could not be started or kept running, 2 usage or invalid configuration,
 * 130 forced.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Fault } from '../contracts/faults.ts';
import { connectControl } from '../simulator/control-client.ts';
import { runningSites } from './cli/link.ts';
import { startChild } from './demo/child.ts';
import type { DemoChild } from './demo/child.ts';
import { createDisplay } from './demo/display.ts';
import { keep } from './demo/keep.ts';
import type { Kept } from './demo/keep.ts';
import { plantPorts, takePlace, USUAL_SITE } from './demo/place.ts';
import type { Place } from './demo/place.ts';
import { ASSETS, operatorsOf, PLANT, writeSiteFile } from './demo/site.ts';
import { watchSite } from './demo/watch.ts';
import type { Sight } from './demo/watch.ts';
import { onStopSignals } from './stop-signals.ts';

const HELP = `npm start: a demo site on this machine

  Two simulated Huawei batteries behind Modbus TCP, the bessd runtime, and a NATS broker where one is found.
  On a terminal it shows a live view, elsewhere a line an event. Ctrl-C ends everything in order; a second one forces.
  What is told to one of them in another terminal (npx bessd status, dispatch, estop, …) shows here.

Environment, all optional:
  SITE_ID      id of the site (${USUAL_SITE}; the next one when that one runs already)
  DATA_DIR     folder of the demo (./data/demo): site.yaml, operators.json, latch, record, logs
  HEALTH_PORT  first HTTP port to try (8000)
  NATS_URL     a broker to use instead of an own one`;

const RUNTIME_PAUSE_MS = 1000;
const PLANT_PAUSE_MS = 3000;
const PLANT_READY_MS = 15_000;
const FORCED = 130;

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof Fault)) throw error;
  console.error(`bessd demo: ${error.message}`);
  return error.code === 'CONFIG_INVALID' ? 2 : 1;
});

async function main(): Promise<number> {
  try {
    const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
    if (!values.help) return await runDemo();
    console.log(HELP);
    return 0;
  } catch (error) {
    if (!String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')) throw error;
    console.error(`${(error as Error).message}\n\n${HELP}`);
    return 2;
  }
}

async function runDemo(): Promise<number> {
  const place = await takePlace();
  const { siteId, folder, socketPath } = place;
  const operators = operatorsOf(place);
  const others = (await runningSites()).length > 0;
  const stopping = new AbortController();
  const kept: { plant?: Kept; runtime?: Kept } = {};
  let sight: Sight = { where: undefined, status: undefined };
  let starts = 0;
  const display = createDisplay(() => ({
    ...sight,
    siteId,
    operators,
    restarts: Math.max(0, starts - 1),
    siteOption: others || siteId !== USUAL_SITE ? `--site ${siteId} ` : '',
    pids: { runtime: kept.runtime?.pid(), broker: brokerPid(folder), plant: kept.plant?.pid() },
  }));
  const { tell } = display;
  onStopSignals((times) => {
    if (times === 1) return stopping.abort();
    display.close();
    console.error('forced: everything is killed, devices stay as they are');
    kept.runtime?.kill();
    kept.plant?.kill();
    place.release();
    process.exit(FORCED);
  });

  const env = environment(folder);
  let watching: Promise<void> | undefined;
  let exitCode = 0;
  try {
    console.log(`bessd demo, site ${siteId}, in ${folder}`);
    const firstPort = await plantPorts(ASSETS.length);
    writeSiteFile(place, operators, firstPort);
    kept.plant = keepPlant(place, env, firstPort, tell);
    await Promise.race([plantReady(place, stopping.signal), kept.plant.lost]);
    announce(place, firstPort);
    kept.runtime = keepRuntime(place, env, tell, () => (starts += 1));
    watching = watchSite({
      siteId,
      socketPath,
      tell,
      pid: () => kept.runtime?.pid(),
      onSight: (seen) => (sight = seen),
      signal: stopping.signal,
    });
    display.open();
    await Promise.race([asked(stopping.signal), kept.runtime.lost, kept.plant.lost]);
  } finally {
    display.close();
    stopping.abort();
    await endInOrder();
  }
  return exitCode;

  async function endInOrder(): Promise<void> {
    await watching;
    console.log('ending: the runtime brings the devices into their exit state (Ctrl-C again to force)');
    const runtime = await kept.runtime?.stop();
    if (runtime && runtime.code !== 0) exitCode = 1;
    await kept.plant?.stop();
    place.release();
    console.log(exitCode === 0 ? 'ended in order' : 'ended; the runtime did not end in order, its log says why');
  }

  function announce({ runtimeLog }: Place, port: number): void {
    tell(
      `plant: ${ASSETS.join(' and ')} at 127.0.0.1:${port} and the next port, ${PLANT.ratedW / 1000} kW and ${PLANT.capacityWh / 1000} kWh each, with ${PLANT.loadW / 1000} kW load and ${PLANT.pvW / 1000} kW PV`,
    );
    for (const { name, role, token } of operators) tell(`operator ${name} (${role}) has the token ${token}`);
    tell(`socket at ${socketPath}; log of the runtime in ${runtimeLog}`);
  }
}

function keepPlant(
  { plantControl, plantLog }: Place,
  env: NodeJS.ProcessEnv,
  port: number,
  tell: (line: string) => void,
): Kept {
  const plant = {
    '--port': port,
    '--assets': ASSETS.length,
    '--load': PLANT.loadW,
    '--pv': PLANT.pvW,
    '--control': plantControl,
  };
  const args = ['simulate', ...Object.entries(plant).flatMap(([name, value]) => [name, String(value)])];
  return keep({
    name: 'the plant',
    start: () => startChild({ args, env, logFile: plantLog }),
    logFile: plantLog,
    pauseMs: PLANT_PAUSE_MS,
    tell,
    onStart: () => undefined,
  });
}

function keepRuntime(
  { folder, siteFile, runtimeLog }: Place,
  env: NodeJS.ProcessEnv,
  tell: (line: string) => void,
  started: () => void,
): Kept {
  return keep({
    name: 'the runtime',
    start: () => startChild({ args: ['run', '--config', siteFile, '--any-port'], env, logFile: runtimeLog }),
    logFile: runtimeLog,
    pauseMs: RUNTIME_PAUSE_MS,
    tell,
    onStart: ({ pid }: DemoChild) => {
      started();
      writeFileSync(path.join(folder, 'runtime.pid'), `${pid}\n`);
      tell(`the runtime starts, pid ${pid}`);
    },
  });
}

/** Variables that describe one real device have no place in a demo with its own plant. */
function environment(folder: string): NodeJS.ProcessEnv {
  const { INVERTER_IP: _ip, INVERTER_PORT: _port, DRIVER_PROFILE_PATH: _profile, ...env } = process.env;
  return { ...env, DATA_DIR: folder };
}

async function plantReady({ plantControl }: Place, signal: AbortSignal): Promise<void> {
  for (let waitedMs = 0; !signal.aborted; waitedMs += 50) {
    const client = await connectControl(plantControl).catch(() => undefined);
    if (client) return client.close();
    if (waitedMs > PLANT_READY_MS) throw new Fault('TIMEOUT', 'the plant does not start');
    await sleep(50);
  }
}

function asked(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve())));
}

/** By the note that the runtime keeps of its broker. */
function brokerPid(folder: string): number | undefined {
  try {
    return (JSON.parse(readFileSync(path.join(folder, 'broker', 'broker.json'), 'utf8')) as { pid?: number }).pid;
  } catch {
    return undefined; // no broker of our own, or not yet
  }
}
