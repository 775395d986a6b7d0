/** The E-stop while something is wrong with the machine: the runtime frozen, no CPU left, a bad disk, a clock that jumps. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, setPriority, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../fuzz/random.ts';
import { beginFault, mountSmallDisk } from '../disk-faults.ts';
import type { EndFault } from '../disk-faults.ts';
import { LINK_UP, SILENT } from './cases.ts';
import type { Case } from './cases.ts';
import { entriesSince, forcedSince, isStop, marksOf, press, stopsSince } from './press.ts';
import type { Pressed } from './press.ts';
import { estopSite, FULL_W, WAYS } from './site.ts';
import type { EstopSite, Way } from './site.ts';

const FROZEN_MS = 60_000;
const BUSY_PER_CORE = 4;
/** The disk is bad for so long before the press. */
const BAD_DISK_MS = 3000;
const HOUR_S = 3600;
const STEPS: Readonly<Record<string, number>> = {
  '+1 h': HOUR_S,
  '-1 h': -HOUR_S,
  '+1 day': 24 * HOUR_S,
  '-1 day': -24 * HOUR_S,
};
const SHORT_ORDER_S = 4;
/** With the next exchange in truth; a step that counted would be off by an hour at least. */
const END_WITHIN_MS = 5000;
const FAKETIME = ['x86_64', 'aarch64'].map((arch) => `/usr/lib/${arch}-linux-gnu/faketime/libfaketimeMT.so.1`);

export const machineCases: readonly Case[] = [
  {
    name: 'frozen',
    about: 'the runtime is stopped by SIGSTOP for 60 s, and the E-stop pressed meanwhile',
    variants: ['60 s'],
    from: 'silence',
    share: 0.1,
    budget: () => SILENT,
    async open(stack) {
      const site = stack.use(await estopSite());
      await site.real.startRuntime();
      return (_, random) => whileFrozen(site, FROZEN_MS, random);
    },
  },
  {
    name: 'cpu',
    about: `${BUSY_PER_CORE} busy processes for each core`,
    variants: WAYS,
    budget: () => LINK_UP,
    async open(stack) {
      const site = stack.use(await estopSite());
      await site.real.startRuntime();
      return async (way, random) => {
        await site.fullDischarge();
        const pressed = await underLoad(async () => {
          await sleep(500 + random.below(1000));
          return press(site, way as Way);
        });
        await site.reset();
        return pressed;
      };
    },
  },
  ...(['full', 'read-only'] as const).map(diskCase),
  {
    name: 'clock',
    about: 'the clock of the machine steps during orders, and back with the press',
    variants: Object.keys(STEPS),
    budget: () => LINK_UP,
    missing: () => (faketime() ? undefined : 'needs libfaketime (apt-get install libfaketime)'),
    async open(stack) {
      const folder = mkdtempSync(path.join(tmpdir(), 'bessd-clock-'));
      stack.defer(() => rmSync(folder, { recursive: true, force: true }));
      const step = clockIn(folder);
      const site = stack.use(await estopSite({ runtimeEnv: clockEnv(folder) }));
      await site.real.startRuntime();
      return (variant, random) => whileClockJumps(site, step, STEPS[variant] ?? 0, random);
    },
  },
];

function diskCase(fault: 'full' | 'read-only'): Case {
  return {
    name: `disk-${fault}`,
    about: `the data folder is ${fault}`,
    variants: WAYS,
    budget: () => LINK_UP,
    missing: () => (process.getuid?.() === 0 ? undefined : 'needs root, for a disk of its own'),
    async open(stack) {
      const disk = stack.use(mountSmallDisk());
      const dataDir = path.join(disk.dir, 'data');
      mkdirSync(dataDir);
      const site = stack.use(await estopSite({ dataDir }));
      await site.real.startRuntime();
      return async (way, random) => {
        await site.fullDischarge();
        const end = fault === 'full' ? await beginFault(fault, disk.dir, site.real) : readOnly(dataDir);
        try {
          await sleep(BAD_DISK_MS + random.below(1000));
          return await press(site, way as Way);
        } finally {
          await end();
          await site.reset();
        }
      };
    },
  };
}

/** For all that is opened from now on, which is what a latch, an order and an original need. */
function readOnly(folder: string): EndFault {
  for (const how of [
    ['--bind', folder, folder],
    ['-o', 'remount,ro,bind', folder],
  ])
    if (spawnSync('mount', how).status !== 0) throw new Error(`${folder} cannot be made read-only`);
  return async () => void spawnSync('umount', [folder]);
}

export async function whileFrozen(site: EstopSite, forMs: number, random: Random): Promise<Pressed> {
  await site.fullDischarge();
  // The stopper knows the devices with the feed after their first poll.
  await sleep(1500 + random.below(1000));
  const marks = await marksOf(site);
  const silentMs = Date.now();
  site.real.runtime.kill('SIGSTOP');
  await sleep(random.below(3000));
  const asked = site.command('estop', { reason: 'campaign' }, random.pick(['http', 'socket'])).catch(() => undefined);
  const seen = await stopsSince(site, marks, silentMs);
  await sleep(Math.max(0, forMs - (Date.now() - silentMs)));
  const goesOnMs = Date.now();
  site.real.runtime.kill('SIGCONT');
  await asked;
  const replyMs = Date.now() - goesOnMs;
  await site.real.until('latched', 10_000, async () => {
    return (await site.real.get('/api/v1/status')).data.estop.state === 'latched';
  });
  await sleep(3000);
  const problems = await forcedSince(site, marks);
  await site.reset();
  return { seen, reply: undefined, replyMs, problems };
}

async function underLoad<T>(work: () => Promise<T>): Promise<T> {
  const busy = Array.from({ length: BUSY_PER_CORE * availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  for (const { pid = 0 } of busy) setPriority(pid, 0);
  try {
    return await work();
  } finally {
    for (const child of busy) child.kill('SIGKILL');
  }
}

async function whileClockJumps(
  site: EstopSite,
  step: (s: number) => void,
  s: number,
  random: Random,
): Promise<Pressed> {
  const problems: string[] = [];
  await site.fullDischarge();
  const marks = await marksOf(site);
  const orderedMs = Date.now();
  if (!(await site.order(1, FULL_W / 2, SHORT_ORDER_S)).ok) problems.push('the short order was refused');
  await sleep(1000 + random.below(1000));
  step(s);
  const ended = await endOf(site, marks, orderedMs);
  const late = ended - SHORT_ORDER_S * 1000;
  if (!(late > -50 && late < END_WITHIN_MS)) problems.push(`an order of ${SHORT_ORDER_S} s ended after ${ended} ms`);
  if ((await site.real.power(0)) < 0.99 * FULL_W) problems.push('the long order did not go on');
  const { last_cycle_ts } = await site.real.get('/health');
  if (Math.abs(Date.parse(last_cycle_ts) - Date.now() - s * 1000) > 60_000) problems.push('the clock did not step');
  await site.fullDischarge();
  await sleep(random.below(1000));
  const pressed = await press(site, random.pick(WAYS), () => step(0));
  await site.reset();
  return { ...pressed, problems: [...problems, ...pressed.problems] };
}

/** From the order to the first stop write of the second battery. */
async function endOf(site: EstopSite, marks: Parameters<typeof entriesSince>[1], fromMs: number): Promise<number> {
  let ended = Number.POSITIVE_INFINITY;
  await site.real.until('the short order ends', 20_000, async () => {
    const stop = (await entriesSince(site, marks, 1)).find(isStop);
    ended = stop ? stop.wallMs - fromMs : ended;
    return stop !== undefined;
  });
  return ended;
}

/** Seconds that the clock of the runtime, its stopper and its threads is off from now on. */
function clockIn(folder: string): (s: number) => void {
  const step = (s: number): void => {
    writeFileSync(path.join(folder, 'next'), `${s < 0 ? '' : '+'}${s}\n`);
    renameSync(path.join(folder, 'next'), path.join(folder, 'clock'));
  };
  step(0);
  return step;
}

/** Only the wall clock: the monotonic one of a machine never steps. */
function clockEnv(folder: string): Record<string, string> {
  return {
    LD_PRELOAD: faketime() ?? '',
    FAKETIME_TIMESTAMP_FILE: path.join(folder, 'clock'),
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}

function faketime(): string | undefined {
  const found = FAKETIME.find((file) => existsSync(file));
  const works = found && spawnSync('true', { env: { LD_PRELOAD: found, FAKETIME: '+0' } }).status === 0;
  return works ? found : undefined;
}
