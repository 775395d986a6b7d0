/**
 * Where a demo lives: its site id, its folder, the ports of its plant. Several demos may run on one machine; each has
 * its own of everything.
 *
 * Invariant: a site id and a folder belong to one living demo, by a lock file with its process id.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Fault } from '../../contracts/faults.ts';
import { invalid } from '../../contracts/parse.ts';
import { tryPort } from '../../io/broker.ts';
import { defaultSocketPath } from '../../io/socket-path.ts';
import { runningSites } from '../cli/link.ts';

export type Place = {
  readonly siteId: string;
  readonly folder: string;
  /** The Unix socket of the runtime. */
  readonly socketPath: string;
  /** The control socket of the plant. */
  readonly plantControl: string;
  readonly siteFile: string;
  readonly runtimeLog: string;
  readonly plantLog: string;
  readonly release: () => void;
};

const SITE_ID = /^[A-Za-z0-9_-]{1,64}$/;
export const USUAL_SITE = 'SITE-CL-001';
const USUAL_PLANT_PORT = 5020;
const MOST_DEMOS = 50;
/** Of a socket's address in the kernel, with some room. */
const MAX_SOCKET_PATH_BYTES = 100;

export async function takePlace(env: NodeJS.ProcessEnv = process.env): Promise<Place> {
  const wanted = env['SITE_ID'];
  // It becomes part of file names before the runtime checks it.
  if (wanted && !SITE_ID.test(wanted))
    throw invalid('environment', [
      { path: 'SITE_ID', value: wanted, expected: 'at most 64 letters, digits, "_" and "-"' },
    ]);
  const running = new Set((await runningSites()).map(({ site }) => site));
  for (const siteId of wanted ? [wanted] : siteIds()) {
    const place = running.has(siteId) ? undefined : placeOf(siteId, env);
    if (place) return place;
    if (wanted || env['DATA_DIR']) break;
  }
  const what = wanted ? `SITE_ID ${wanted}` : 'this DATA_DIR';
  throw new Fault('CONNECT_FAILED', `another demo, or a site with that id, runs with ${what}; choose another one`);
}

/** Neighbouring ports for a plant, and how to give them back. */
export type PlantPorts = { readonly first: number; readonly release: () => void };

/** The first of `count` neighbouring ports that are free, and not those of a demo that starts at this moment too. */
export async function plantPorts(count: number): Promise<PlantPorts> {
  for (let first = USUAL_PLANT_PORT; first < USUAL_PLANT_PORT + 200; first += count) {
    const lock = path.join(tmpdir(), `bessd-demo-port-${first}.pid`);
    if (!takeLock(lock)) continue;
    const release = (): void => rmSync(lock, { force: true });
    const free = await Promise.all(Array.from({ length: count }, (_, at) => tryPort(first + at)));
    if (free.every((port) => port !== undefined)) return { first, release };
    release();
  }
  throw new Fault('CONNECT_FAILED', `no ${count} neighbouring free ports from ${USUAL_PLANT_PORT} on`);
}

function* siteIds(): Generator<string> {
  for (let at = 1; at <= MOST_DEMOS; at += 1) yield USUAL_SITE.replace(/1$/, '') + at;
}

/** Undefined when the id or the folder belongs to a living demo. */
function placeOf(siteId: string, env: NodeJS.ProcessEnv): Place | undefined {
  const folder = path.resolve(env['DATA_DIR'] || (siteId === USUAL_SITE ? 'data/demo' : `data/demo-${siteId}`));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const locks = [path.join(tmpdir(), `bessd-demo-${siteId}.pid`), path.join(folder, 'demo.pid')];
  const taken = locks.filter(takeLock);
  const release = (): void => taken.forEach((lock) => rmSync(lock, { force: true }));
  if (taken.length < locks.length) {
    release();
    return undefined;
  }
  return {
    siteId,
    folder,
    socketPath: defaultSocketPath(siteId, env),
    plantControl: socketIn(folder, 'plant.sock'),
    siteFile: path.join(folder, 'site.yaml'),
    runtimeLog: path.join(folder, 'runtime.log'),
    plantLog: path.join(folder, 'plant.log'),
    release,
  };
}

function takeLock(file: string): boolean {
  try {
    writeFileSync(file, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || isDemo(holderOf(file))) return false;
    writeFileSync(file, `${process.pid}\n`);
    return true;
  }
}

function holderOf(lock: string): number {
  return Number(readFileSync(lock, 'utf8'));
}

/** A process id may have gone to another program since. */
function isDemo(pid: number): boolean {
  if (!(pid > 1)) return false;
  try {
    process.kill(pid, 0);
  } catch {
    return false; // no such process
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('demo.ts');
  } catch {
    return true; // no /proc here: believe the lock
  }
}

function socketIn(folder: string, name: string): string {
  const file = path.join(folder, name);
  if (Buffer.byteLength(file) <= MAX_SOCKET_PATH_BYTES) return file;
  return path.join(mkdtempSync(path.join(tmpdir(), 'bessd-demo-')), name);
}
