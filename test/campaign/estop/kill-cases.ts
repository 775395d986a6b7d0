/**
 * kill -9 of the runtime after the n-th write of a sequence, for each write of start, stop and E-stop, and at full discharge:
 * the stopper brings the battery to zero, and the next runtime forces nothing.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ended } from '../../processes/real-site.ts';
import { SILENT } from './cases.ts';
import type { Case } from './cases.ts';
import { entriesSince, isForced, isStop, marksOf, stopsSince } from './press.ts';
import type { Marks, Pressed, Seen } from './press.ts';
import { estopSite, FULL_W } from './site.ts';
import type { EstopSite } from './site.ts';

/** Writes of each sequence of the profile; the limit stands already where an order follows another one. */
const WRITES = { start: 5, stop: 2, estop: 3 } as const;
type Sequence = keyof typeof WRITES;
/** Power that is left counts as standing still. */
const STILL_W = 200;
const HOLDS_MS = 3000;

export const killCases: readonly Case[] = [
  {
    name: 'kill',
    about: 'kill -9 of the runtime after each write of start, stop and E-stop',
    variants: (Object.keys(WRITES) as Sequence[]).flatMap((name) =>
      Array.from({ length: WRITES[name] }, (_, at) => `${name} ${at + 1}`),
    ),
    from: 'kill',
    share: 0.2,
    budget: () => SILENT,
    async open(stack) {
      const site = stack.use(await estopSite());
      await site.real.startRuntime();
      return (variant) => killedInside(site, variant);
    },
  },
  killedAtFull('kill-deaf', true),
  killedAtFull('kill-deadman', false),
];

function killedAtFull(name: string, deaf: boolean): Case {
  return {
    name,
    about: `kill -9 of the runtime at full discharge, the dead-man ${deaf ? 'deaf' : 'working'}`,
    variants: ['full discharge'],
    from: 'kill',
    budget: () => SILENT,
    async open(stack) {
      const site = stack.use(await estopSite({ deaf }));
      await site.real.startRuntime();
      return async (_, random) => {
        await site.fullDischarge();
        // The stopper knows the devices with the feed after their first poll.
        await sleep(2000 + random.below(1000));
        const marks = await marksOf(site);
        const killedMs = Date.now();
        await ended(site.real.runtime, 'SIGKILL');
        const seen = await stopsSince(site, marks, killedMs);
        return { seen, reply: undefined, replyMs: 0, problems: await nextRuntime(site) };
      };
    },
  };
}

async function killedInside(site: EstopSite, variant: string): Promise<Pressed> {
  const [name = '', count = ''] = variant.split(' ');
  const { real } = site;
  if (name === 'start') await real.until('standing still', 10_000, async () => Math.abs(await real.power(0)) < STILL_W);
  else await site.fullDischarge();
  // The stopper knows the devices with the feed after their first poll.
  await sleep(2000);
  const before = await marksOf(site);
  const asked = begin(site, name as Sequence).catch(() => undefined);
  const wanted = (before[0]?.writes ?? 0) + Number(count);
  let writes = 0;
  for (const fromMs = Date.now(); writes < wanted && Date.now() - fromMs < 5000;)
    ({ writes } = await real.plant.state(0));
  const marks = await marksOf(site);
  const killedMs = Date.now();
  await ended(real.runtime, 'SIGKILL');
  const answered = await Promise.race([asked, sleep(100)]);
  const problems = writes === wanted ? [] : [`killed after write ${writes - (before[0]?.writes ?? 0)}`];
  const seen = await stopsAfter(site, marks, killedMs);
  for (const asset of [0, 1])
    if ((await entriesSince(site, marks, asset)).some((entry) => !isStop(entry) && !isZero(entry.words)))
      problems.push(`bess-${asset + 1}: something else than a stop was written after the kill`);
  problems.push(...(await nextRuntime(site)));
  const { state } = (await real.get('/api/v1/status')).data.estop;
  if (answered?.ok && name === 'estop' && state !== 'latched')
    problems.push('an E-stop that was answered is forgotten');
  if (state === 'latched') await site.reset();
  return { seen, reply: undefined, replyMs: 0, problems };
}

/** Whatever the two were at; a battery that stands still has been stopped all the same, and counts from its last power. */
async function stopsAfter(site: EstopSite, marks: Marks, killedMs: number): Promise<readonly Seen[]> {
  const movedMs = [0, 0];
  while (Date.now() - killedMs < SILENT.zeroMs) {
    for (const at of [0, 1]) if (Math.abs(await site.real.power(at)) > STILL_W) movedMs[at] = Date.now() - killedMs;
    await sleep(10);
  }
  const seen = await stopsSince(site, marks, killedMs);
  return seen.map((one) => ({ ...one, zeroMs: Math.max(movedMs[one.asset] ?? 0, 0) }));
}

function begin(site: EstopSite, name: Sequence): Promise<{ readonly ok: boolean }> {
  switch (name) {
    case 'start':
      return site.order(0, FULL_W, 3600);
    case 'stop':
      return site.command('stop', { asset_id: 'bess-1' });
    case 'estop':
      return site.command('estop', { reason: 'campaign' });
  }
}

/** It forces nothing, has no order, and obeys a new one. */
async function nextRuntime(site: EstopSite): Promise<readonly string[]> {
  const { real } = site;
  const marks = await marksOf(site);
  await real.startRuntime();
  await sleep(HOLDS_MS);
  const problems: string[] = [];
  const { assets } = (await real.get('/api/v1/status')).data;
  for (const asset of [0, 1]) {
    const name = `bess-${asset + 1}`;
    const entries = await entriesSince(site, marks, asset);
    if (entries.some(isForced)) problems.push(`${name} was forced by the next runtime`);
    if (Math.abs(await real.power(asset)) > STILL_W) problems.push(`${name} moves ${await real.power(asset)} W`);
    if (assets[asset].order !== null) problems.push(`${name} has an order`);
  }
  return problems;
}

function isZero(words: readonly number[]): boolean {
  return words.every((word) => word === 0);
}
