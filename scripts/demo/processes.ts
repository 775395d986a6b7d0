/**
 * The two processes of the demo, and the files with their process ids for whoever wants to kill one of them.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../contracts/faults.ts';
import { connectControl } from '../../simulator/control-client.ts';
import { startChild } from './child.ts';
import { keep } from './keep.ts';
import type { Kept } from './keep.ts';
import type { Place } from './place.ts';
import { ASSETS, PLANT } from './site.ts';

export type Tools = { readonly place: Place; readonly tell: (line: string) => void };

const RUNTIME_PAUSE_MS = 1000;
const PLANT_PAUSE_MS = 3000;
const PLANT_READY_MS = 15_000;

export function keepPlant({ place, tell }: Tools, port: number): Kept {
  const { folder, plantControl, plantLog } = place;
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
    start: () => startChild({ args, env: environment(folder), logFile: plantLog }),
    logFile: plantLog,
    pauseMs: PLANT_PAUSE_MS,
    tell,
    onStart: ({ pid }) => notePid(folder, 'plant', pid),
  });
}

export function keepRuntime({ place, tell }: Tools, started: () => void): Kept {
  const { folder, siteFile, runtimeLog } = place;
  const args = ['run', '--config', siteFile, '--any-port'];
  return keep({
    name: 'the runtime',
    start: () => startChild({ args, env: environment(folder), logFile: runtimeLog }),
    logFile: runtimeLog,
    pauseMs: RUNTIME_PAUSE_MS,
    tell,
    onStart: ({ pid }) => {
      started();
      notePid(folder, 'runtime', pid);
      tell(`the runtime starts, pid ${pid}`);
    },
  });
}

/** Returns early when the signal aborts. */
export async function plantReady({ plantControl }: Place, signal: AbortSignal): Promise<void> {
  for (let waitedMs = 0; !signal.aborted; waitedMs += 50) {
    const client = await connectControl(plantControl).catch(() => undefined);
    if (client) return client.close();
    if (waitedMs > PLANT_READY_MS) throw new Fault('TIMEOUT', 'the plant does not start');
    await sleep(50);
  }
}

/** After the end: an id that has gone to another program must not be killed for ours. */
export function forgetPids({ folder }: Place): void {
  for (const name of ['runtime', 'plant'] as const) rmSync(pidFile(folder, name), { force: true });
}

/** By the note that the runtime keeps of its broker. */
export function brokerPid({ folder }: Place): number | undefined {
  try {
    return (JSON.parse(readFileSync(path.join(folder, 'broker', 'broker.json'), 'utf8')) as { pid?: number }).pid;
  } catch {
    return undefined; // no broker of our own, or not yet
  }
}

/** For an end that is not in order: it outlives its runtime, which here has nothing left to be protected. */
export function killStopper(folder: string): void {
  try {
    const note = JSON.parse(readFileSync(path.join(folder, 'stopper.json'), 'utf8')) as { readonly pid: number };
    const command = execFileSync('ps', ['-o', 'args=', '-p', String(note.pid)], { encoding: 'utf8' });
    // The id may have gone to another program.
    if (command.includes('stopper')) process.kill(note.pid, 'SIGKILL');
  } catch {
    return; // it has ended already
  }
}

function notePid(folder: string, name: 'plant' | 'runtime', pid: number | undefined): void {
  if (pid !== undefined) writeFileSync(pidFile(folder, name), `${pid}\n`);
}

function pidFile(folder: string, name: string): string {
  return path.join(folder, `${name}.pid`);
}

/** Variables that describe one real device have no place in a demo with its own plant. */
function environment(folder: string): NodeJS.ProcessEnv {
  const { INVERTER_IP: _ip, INVERTER_PORT: _port, DRIVER_PROFILE_PATH: _profile, ...env } = process.env;
  return { ...env, DATA_DIR: folder };
}
