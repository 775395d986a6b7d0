/**
 * Registers that must not be written too often: when the next write for power may come.
 *
 * The writes of one passage belong together. Stops never wait: only the door asks here, and only for power.
 */
import type { Profile } from '../../contracts/profile.ts';
import type { Passage } from '../../machines/device/helm.ts';
import type { Situation } from '../../machines/device/posture.ts';
import type { Cockpit } from './cockpit.ts';

export type LastWrites = Readonly<Record<string, { readonly atMs: number; readonly passage: Passage['transactions'] }>>;

/** As the door counts it: the interval that ends last, of the profile as a whole or of one register of the passage. */
export function intervalOf(
  { lastWrites, input: { profile } }: Cockpit,
  { nowMs, sinceLastPowerWriteMs, minWriteIntervalMs }: Situation,
  { transactions }: Pick<Passage, 'transactions'>,
): { readonly sinceLastPowerWriteMs: number; readonly minWriteIntervalMs: number } {
  let longest = { sinceLastPowerWriteMs, minWriteIntervalMs };
  if (Object.keys(lastWrites).length === 0) return longest;
  for (const name of new Set(transactions.flatMap(({ values }) => Object.keys(values)))) {
    const last = lastWrites[name];
    if (!last || last.passage === transactions) continue;
    const own = { sinceLastPowerWriteMs: nowMs - last.atMs, minWriteIntervalMs: leastOf(profile, name) };
    if (leftMs(own) > leftMs(longest)) longest = own;
  }
  return longest;
}

/** When every register of the orders' sequences may be written for power again; monotonic. */
export function powerRestsUntilMs({ lastWrites, input: { profile } }: Pick<Cockpit, 'lastWrites' | 'input'>): number {
  const ends = Object.entries(lastWrites)
    .filter(([name]) => commanding(profile).registers.has(name))
    .map(([name, { atMs }]) => atMs + leastOf(profile, name));
  return Math.max(Number.NEGATIVE_INFINITY, ...ends);
}

/** Least time between two power writes: that of the profile, or of a register that each of them writes. */
export function leastIntervalMs(profile: Profile): number {
  return commanding(profile).leastMs;
}

/** What every order writes. A register that is written on change only may be left out, so that it need not be waited for. */
function commanding(profile: Profile): Commanding {
  const before = COMMANDING.get(profile);
  if (before) return before;
  const { charge = [], discharge = [] } = profile.control?.sequences ?? {};
  const names = [...charge, ...discharge].flatMap(({ set }) => Object.keys(set));
  const registers = new Set(names.filter((name) => !isOnChange(profile, name)));
  const least = [...registers].map((name) => leastOf(profile, name));
  const found = { registers, leastMs: Math.max(profile.control?.minWriteIntervalMs ?? 0, ...least) };
  COMMANDING.set(profile, found);
  return found;
}

type Commanding = { readonly registers: ReadonlySet<string>; readonly leastMs: number };

/** Of each profile, which never changes: looked up before every exchange. */
const COMMANDING = new WeakMap<Profile, Commanding>();

export function noteWrite(cockpit: Cockpit, names: readonly string[], { transactions }: Passage): void {
  const last = { atMs: cockpit.clock.now(), passage: transactions };
  for (const name of names)
    if (leastOf(cockpit.input.profile, name) > 0) cockpit.lastWrites = { ...cockpit.lastWrites, [name]: last };
}

function leastOf({ points }: Profile, name: string): number {
  return points[name]?.writable?.leastIntervalMs ?? 0;
}

function isOnChange({ points }: Profile, name: string): boolean {
  const { persistent = false, writeOnChange = persistent } = points[name]?.writable ?? {};
  return writeOnChange || persistent;
}

function leftMs(interval: ReturnType<typeof intervalOf>): number {
  return interval.minWriteIntervalMs - interval.sinceLastPowerWriteMs;
}
