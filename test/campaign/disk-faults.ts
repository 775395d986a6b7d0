/**
 * What a disk does to the record of a running site: full, read-only, failing to sync, or slow to.
 *
 * Full and read-only hit the whole data folder, which lies on a small disk of its own. Sync faults hit the record thread
 * alone: strace makes its calls of fsync fail or wait, and no other thread notices. Needs root.
 */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ended } from '../processes/real-site.ts';
import type { RealSite } from '../processes/real-site.ts';
import { until } from '../uplink/uplink-support.ts';

export const DISK_FAULTS = ['full', 'read-only', 'eio', 'slow'] as const;
export type DiskFaultName = (typeof DISK_FAULTS)[number];

/** Begun; the call ends it. */
export type EndFault = () => Promise<void>;

const SMALL_DISK = '48m';
const FILL_EVERY_MS = 50;
/** The longest sync of a dying card. */
const SLOW_SYNC_US = 10_000_000;
const SYNC = ['-qq', '-o', '/dev/null', '-e', 'trace=fsync,fdatasync'];

/** Why the campaign cannot run here. */
export function missingForDisk(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root, for a disk of its own';
  if (spawnSync('strace', [...SYNC, 'true']).status !== 0) return 'strace cannot trace here (apt-get install strace)';
  return undefined;
}

export function mountSmallDisk(): Disposable & { readonly dir: string } {
  const dir = mkdtempSync(path.join(tmpdir(), 'bessd-disk-'));
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SMALL_DISK}`, 'bessd-test', dir]);
  if (status !== 0) throw new Error(`no small disk: ${String(stderr)}`);
  const unmount = (): void => {
    process.removeListener('exit', unmount);
    spawnSync('umount', ['-l', dir]);
    rmSync(dir, { recursive: true, force: true });
  };
  process.once('exit', unmount);
  return { dir, [Symbol.dispose]: unmount };
}

export async function beginFault(name: DiskFaultName, disk: string, site: RealSite): Promise<EndFault> {
  switch (name) {
    case 'full':
      return fill(disk);
    case 'read-only':
      return readOnly(disk, site);
    case 'eio':
      return inject(site, 'error=EIO');
    case 'slow':
      return inject(site, `delay_enter=${SLOW_SYNC_US}`);
  }
}

/** Somebody else takes every byte as soon as there is one. */
async function fill(disk: string): Promise<EndFault> {
  const file = path.join(disk, 'filler');
  const take = (): void => {
    for (const size of [1_000_000, 4096]) while (appended(file, size));
  };
  take();
  const timer = setInterval(take, FILL_EVERY_MS);
  return async () => {
    clearInterval(timer);
    rmSync(file);
  };
}

function appended(file: string, size: number): boolean {
  try {
    appendFileSync(file, Buffer.alloc(size, 1));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}

/** As after a power cut that the file system did not like: what is left comes up read-only, and the runtime on it. */
async function readOnly(disk: string, site: RealSite): Promise<EndFault> {
  await ended(site.runtime, 'SIGKILL');
  await until(() => remounted(disk, 'ro'), 'the disk is read-only');
  await site.startRuntime();
  return async () => {
    if (!remounted(disk, 'rw')) throw new Error('the disk cannot be made writable again');
  };
}

function remounted(disk: string, mode: 'ro' | 'rw'): boolean {
  return spawnSync('mount', ['-o', `remount,${mode}`, disk]).status === 0;
}

async function inject({ runtime }: RealSite, what: string): Promise<EndFault> {
  const task = recordThread(runtime.pid ?? 0);
  const strace = spawn('strace', [...SYNC, '-e', `inject=fsync,fdatasync:${what}`, '-p', path.basename(task)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const gone = new Promise<void>((resolve) => strace.once('exit', () => resolve()));
  await until(() => isTraced(task), 'strace holds the record thread');
  return async () => {
    await letGo(strace, gone);
    await until(() => !isTraced(task), 'strace has let go');
  };
}

async function letGo(strace: ChildProcess, gone: Promise<void>): Promise<void> {
  strace.kill('SIGINT');
  await Promise.race([gone, sleep(2 * (SLOW_SYNC_US / 1000))]);
}

function recordThread(runtime: number): string {
  const tasks = `/proc/${runtime}/task`;
  const found = readdirSync(tasks).filter((id) => readFileSync(path.join(tasks, id, 'comm'), 'utf8') === 'record\n');
  if (found.length !== 1) throw new Error(`${found.length} record threads in process ${runtime}`);
  return path.join(tasks, found[0] ?? '');
}

function isTraced(task: string): boolean {
  // A thread that has ended is held by nobody.
  if (!existsSync(task)) return false;
  return !/^TracerPid:\t0$/m.test(readFileSync(path.join(task, 'status'), 'utf8'));
}
