/**
 * One press of the E-stop, judged at the devices: the first stop write and zero by their taps, counted from the press.
 *
 * Invariant of every press: after the first stop write of a device nothing forces it any more.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EstopReply, Reply } from '../../../contracts/commands.ts';
import type { TapEntry } from '../../../simulator/device.ts';
import { ASSETS } from './site.ts';
import type { EstopSite, Way } from './site.ts';

/** From the press, ms. `idleMs`: for a device that was not spoken to when it came. */
export type Budget = { readonly firstMs: number; readonly idleMs?: number; readonly zeroMs: number };

export type Seen = {
  readonly asset: number;
  readonly firstMs: number;
  readonly zeroMs: number;
  readonly idle: boolean;
};

export type Pressed = {
  readonly seen: readonly Seen[];
  /** Undefined where no answer came. */
  readonly reply: Reply<EstopReply> | undefined;
  readonly replyMs: number;
  readonly problems: readonly string[];
};

/** Where the taps stood. */
export type Marks = readonly { readonly writes: number; readonly reads: number }[];

/** Huawei: limits of both directions, and the forced command. */
const LIMITS = 47_075;
const COMMAND = 47_100;
const REPLY_WITHIN_MS = 3000;
const LOOK_EVERY_MS = 4;
const ZERO_W = 1;
/** So long before the press a request may have begun, and still be in flight at it or hold the next one back. */
const NEAR_MS = 60;
/** Requests before the mark that are looked at for it. */
const JUST_BEFORE = 2;

export async function marksOf({ real }: EstopSite): Promise<Marks> {
  const states = await Promise.all(Array.from({ length: ASSETS }, (_, at) => real.plant.state(at)));
  return states.map(({ writes, reads }) => ({ writes, reads }));
}

/** Presses now. `beside` happens in the same moment. */
export async function press(site: EstopSite, way: Way, beside?: () => unknown): Promise<Pressed> {
  const marks = await marksOf(site);
  const fromMs = Date.now();
  const asked = site
    .command('estop', { reason: 'campaign' }, way)
    .then((reply) => ({ reply: reply as Reply<EstopReply>, replyMs: Date.now() - fromMs }))
    .catch(() => ({ reply: undefined, replyMs: Number.POSITIVE_INFINITY }));
  const besides = Promise.resolve(beside?.());
  const seen = await stopsSince(site, marks, fromMs);
  await besides;
  const { reply, replyMs } = await asked;
  return { seen, reply, replyMs, problems: [...replyProblems(reply, replyMs), ...(await forcedSince(site, marks))] };
}

/** Waits for a stop write and zero at each device; what does not come in time is never. */
export async function stopsSince(
  site: EstopSite,
  marks: Marks,
  fromMs: number,
  withinMs = 15_000,
  assets: readonly number[] = [0, 1],
): Promise<readonly Seen[]> {
  const zeroMs = new Map<number, number>();
  while (zeroMs.size < assets.length && Date.now() - fromMs < withinMs) {
    const left = assets.filter((at) => !zeroMs.has(at));
    for (const at of left) {
      if (Math.abs(await site.real.power(at)) >= ZERO_W) continue;
      const atMs = Date.now() - fromMs;
      // One that stands still already is stopped all the same, and is at zero from then on at the latest.
      if ((await entriesSince(site, marks, at)).some(isStop)) zeroMs.set(at, atMs);
    }
    await sleep(LOOK_EVERY_MS);
  }
  return Promise.all(
    assets.map(async (asset) => {
      const entries = await entriesSince(site, marks, asset);
      const first = entries.find(isStop);
      const idle = first !== undefined && !(await wasSpokenTo(site, marks, asset, first, fromMs));
      const firstMs = first ? first.wallMs - fromMs : Number.POSITIVE_INFINITY;
      return { asset, firstMs, idle, zeroMs: zeroMs.get(asset) ?? Number.POSITIVE_INFINITY };
    }),
  );
}

/** What went over the budget, in words; nothing when all was in time. */
export function late(
  { seen }: Pick<Pressed, 'seen'>,
  { firstMs, idleMs = firstMs, zeroMs }: Budget,
): readonly string[] {
  return seen.flatMap((one) => {
    const most = one.idle ? idleMs : firstMs;
    const name = `bess-${one.asset + 1}`;
    return [
      ...(one.firstMs <= most ? [] : [`${name}: stop written after ${one.firstMs} ms, budget ${most}`]),
      ...(one.zeroMs <= zeroMs ? [] : [`${name}: zero after ${one.zeroMs} ms, budget ${zeroMs}`]),
    ];
  });
}

export async function entriesSince({ real }: EstopSite, marks: Marks, asset: number): Promise<readonly TapEntry[]> {
  const { entries } = await real.plant.tap(marks[asset]?.writes ?? 0, asset);
  return entries.filter(({ origin }) => origin === 'client');
}

export function isStop({ register, words }: Pick<TapEntry, 'register' | 'words'>): boolean {
  return (register === LIMITS || register === COMMAND) && words.every((word) => word === 0);
}

export function isForced({ register, words }: Pick<TapEntry, 'register' | 'words'>): boolean {
  return register === COMMAND && words[0] !== 0;
}

/** Devices that were forced again after their first stop write. */
export async function forcedSince(site: EstopSite, marks: Marks): Promise<readonly string[]> {
  const all = await Promise.all(marks.map((_, asset) => entriesSince(site, marks, asset)));
  return all.flatMap((entries, asset) => {
    const first = entries.findIndex(isStop);
    return first >= 0 && entries.slice(first).some(isForced) ? [`bess-${asset + 1} was forced after its stop`] : [];
  });
}

function replyProblems(reply: Reply<EstopReply> | undefined, replyMs: number): readonly string[] {
  if (!reply) return ['no answer'];
  if (!reply.ok) return [`refused: ${reply.code}`];
  return replyMs <= REPLY_WITHIN_MS ? [] : [`answered after ${replyMs} ms`];
}

/** Whether a read or another write came between the moment just before the press and its stop. */
async function wasSpokenTo(
  { real }: EstopSite,
  marks: Marks,
  asset: number,
  first: TapEntry,
  fromMs: number,
): Promise<boolean> {
  const mark = marks[asset] ?? { reads: 0, writes: 0 };
  const reads = await real.plant.reads(Math.max(0, mark.reads - JUST_BEFORE), asset);
  const { entries } = await real.plant.tap(Math.max(0, mark.writes - JUST_BEFORE), asset);
  const toWallMs = first.wallMs - first.monotonicMs;
  return [...reads, ...entries].some(({ monotonicMs }) => {
    const wallMs = monotonicMs + toWallMs;
    return wallMs > fromMs - NEAR_MS && wallMs < first.wallMs;
  });
}
