/**
 * The helm: from the situation to the one next write, or none. Pure; the session asks it before every exchange.
 *
 * It brings the device from the posture it is in to the posture that is wanted, one transaction at a time, so that a
 * more urgent posture takes over between two writes. A read-back that differs makes the posture unknown, and the same
 * way leads back. While a latch or a breach stands, the trigger alone is written again on every poll.
 */
import type { BoundProfile, SequenceName } from '../../contracts/profile.ts';
import type { WriteRequest } from './may-write.ts';
import { samePosture } from './posture.ts';
import type { Posture } from './posture.ts';
import { expandSequence } from './sequence.ts';
import type { SequenceValues, Transaction } from './sequence.ts';

/** A sequence under way. */
export type Passage = {
  readonly to: Posture;
  readonly sequence: SequenceName;
  readonly purpose: WriteRequest['purpose'];
  readonly transactions: readonly Transaction[];
  readonly at: number;
  /** Steps that the device refused; each is tried once more. */
  readonly refused?: readonly Transaction[];
};

export type HelmState = {
  readonly posture: Posture | undefined;
  readonly passage: Passage | undefined;
  /** Something was written since the posture was reached, and no other one has been: it stands in part at the most. */
  readonly midway: boolean;
  /** When the dead-man of the device was last armed. */
  readonly armedAtMs: number;
  /** A poll showed a latch or a breach since the trigger was last written. */
  readonly reassert: boolean;
  /** A write failed: nothing is tried again before the next poll has shown the device. */
  readonly waitForPoll: boolean;
  /** The posture that failed; an E-stop waits for no poll because of another one. */
  readonly failed?: Posture['kind'];
};

export const UNTOUCHED: HelmState = {
  posture: undefined,
  passage: undefined,
  midway: false,
  armedAtMs: 0,
  reassert: false,
  waitForPoll: false,
};

export type HelmInput = {
  readonly state: HelmState;
  readonly wanted: Posture;
  readonly nowMs: number;
  readonly profile: BoundProfile;
  readonly values: SequenceValues;
  /** The value that a register is known to hold: read on this connection, after our last write to it. */
  readonly known: (point: string) => number | undefined;
  /** The device runs by its own control and holds its own values: bessd never wrote, and nobody forces it. */
  readonly untouched: boolean;
};

export type Course =
  /** `completed`: the passage that has just ended without a last write, because the registers held their values. */
  | {
      readonly go: 'stay';
      readonly state: HelmState;
      readonly completed?: Passage;
      /** Values of a posture that the device was found in; they are expected of it from now on. */
      readonly found?: Readonly<Record<string, number>>;
    }
  | { readonly go: 'write'; readonly state: HelmState; readonly passage: Passage; readonly transaction: Transaction }
  /** The posture cannot be reached: a value that the sequence needs is not known. */
  | { readonly go: 'stuck'; readonly state: HelmState; readonly missing: string };

export function steer(input: HelmInput): Course {
  const { state, wanted, profile, nowMs } = input;
  if (wanted.kind === 'none' || !profile.control) return { go: 'stay', state: leavePassage(state) };
  if (state.waitForPoll && (wanted.kind !== 'estop' || state.failed === 'estop')) return { go: 'stay', state };
  if (state.passage && samePosture(state.passage.to, wanted)) return proceed(input, state.passage);
  if (state.passage || !samePosture(state.posture, wanted))
    return begin(input, sequenceTo(wanted, state.posture), wanted.kind === 'power' ? 'order' : purposeOf(wanted));
  if (
    wanted.kind === 'power' &&
    nowMs - state.armedAtMs >= (profile.control.deadman?.rearmMs ?? Number.POSITIVE_INFINITY)
  )
    return begin(input, sequenceTo(wanted, state.posture), 'rearm');
  if (state.reassert && (wanted.kind === 'estop' || wanted.kind === 'hold')) return reassert(input, wanted.kind);
  return { go: 'stay', state };
}

/** The device acknowledged the transaction that `steer` gave out. */
export function written(state: HelmState, nowMs: number): HelmState {
  const { passage } = state;
  if (!passage) return state;
  const at = passage.at + 1;
  if (at < passage.transactions.length)
    return { ...state, passage: { ...passage, at }, midway: state.posture !== undefined };
  return {
    ...state,
    passage: undefined,
    midway: false,
    posture: passage.to,
    reassert: false,
    armedAtMs: passage.to.kind === 'power' ? nowMs : state.armedAtMs,
  };
}

/** The write failed or was refused: the device may be in between, so its posture is unknown until shown. */
export function notWritten(state: HelmState): HelmState {
  const { passage } = state;
  // Somebody took over while the write was under way, and does not wait for it.
  if (!passage) return { ...state, posture: undefined };
  const rest = putOff(passage);
  if (rest) return { ...state, passage: rest, posture: undefined };
  return { ...state, passage: undefined, posture: undefined, waitForPoll: true, failed: passage.to.kind };
}

/**
 * A step that the device refuses must not keep the rest of a stop from it: it is tried once more, behind what else stops. But
 * what engages the device waits for it, or the device would do what the register said before.
 */
function putOff(passage: Passage): Passage | undefined {
  const { transactions, at, refused: before = [] } = passage;
  const now = transactions[at];
  const behind = transactions.slice(at + 1);
  const isOpen = (one: Transaction): boolean => !before.includes(one);
  if (!now || kindOf(passage.sequence) === 'power' || !isOpen(now) || !behind.some(isOpen)) return undefined;
  const rest = [...behind.filter(isOpen), ...behind.filter((one) => !isOpen(one)), now];
  const inOrder = [...rest.filter((one) => !one.engages), ...rest.filter((one) => one.engages)];
  return { ...passage, transactions: [...transactions.slice(0, at), ...inOrder], refused: [...before, now] };
}

/** The passage is not gone on with for now. What it, or one that it took over from, has written may have ended the posture. */
export function setAside(state: HelmState): HelmState {
  return { ...state, passage: undefined, midway: false, posture: state.midway ? undefined : state.posture };
}

/** Whatever was written and whatever failed: the way to the wanted posture begins anew. */
export function startOver(state: HelmState): HelmState {
  return { ...state, posture: undefined, passage: undefined, midway: false, waitForPoll: false };
}

/** A passage left half way makes the posture unknown: some of its registers are written. */
function leavePassage(state: HelmState): HelmState {
  return { ...state, passage: undefined, midway: false, posture: state.passage ? undefined : state.posture };
}

/** A poll has shown the device. */
export function polled(state: HelmState, { differs, breach }: { differs: boolean; breach: boolean }): HelmState {
  return {
    ...state,
    posture: differs ? undefined : state.posture,
    reassert: state.reassert || breach,
    waitForPoll: false,
  };
}

function proceed(input: HelmInput, passage: Passage): Course {
  const { state } = input;
  for (let at = passage.at; at < passage.transactions.length; at += 1) {
    const transaction = passage.transactions[at];
    if (!transaction) break;
    if (passage.purpose !== 'estop' && transaction.onChange && suffices(input, passage, transaction)) continue;
    const here = { ...passage, at };
    return { go: 'write', state: { ...state, passage: here }, passage: here, transaction };
  }
  return {
    go: 'stay',
    state: written({ ...state, passage: { ...passage, at: passage.transactions.length } }, input.nowMs),
    completed: passage,
  };
}

/**
 * Persistent registers wear: one that already does what the passage needs is left alone, and so is what is only to be written
 * on change. For an order a limit suffices
 * that lets its power through.
 */
function suffices({ known, profile }: HelmInput, { to }: Passage, { values }: Transaction): boolean {
  return Object.entries(values).every(([point, value]) => {
    const now = known(point);
    if (now === undefined) return false;
    const limits = profile.points[point]?.writable?.limits;
    const letsThrough = to.kind === 'power' && limits === (to.w < 0 ? 'charge' : 'discharge') && now >= Math.abs(to.w);
    return same(profile, point, now, value) || letsThrough;
  });
}

/** Equal to half a step of the register. */
function same(profile: BoundProfile, point: string, a: number, b: number): boolean {
  return Math.abs(a - b) < 0.5 / (profile.points[point]?.gain ?? 1);
}

function begin(input: HelmInput, sequence: SequenceName, purpose: Passage['purpose']): Course {
  const { state, wanted, profile, values } = input;
  const holds = sequence === 'hold' && state.posture === undefined && !state.passage ? alreadyHolds(input) : undefined;
  if (holds) return { go: 'stay', state: { ...state, posture: wanted }, found: holds };
  if (wanted.kind === 'release' && state.posture === undefined && !state.passage && input.untouched) {
    return steer({ ...input, state: { ...state, posture: { kind: 'release', charge: true, discharge: true } } });
  }
  const powerW = wanted.kind === 'power' ? wanted.w : 0;
  const expanded = expandSequence(profile, sequence, { ...values, powerW });
  if (!expanded.ok) return { go: 'stuck', state: leavePassage(state), missing: expanded.missing };
  return proceed(input, { to: wanted, sequence, purpose, transactions: expanded.transactions, at: 0 });
}

/** The values of `hold`, where the device has all of them. */
function alreadyHolds({ profile, values, known }: HelmInput): Readonly<Record<string, number>> | undefined {
  const expanded = expandSequence(profile, 'hold', values);
  if (!expanded.ok) return undefined;
  const wanted = expanded.transactions.flatMap((transaction) => Object.entries(transaction.values));
  const holds = wanted.every(([point, value]) => same(profile, point, known(point) ?? Number.NaN, value));
  return holds ? Object.fromEntries(wanted) : undefined;
}

function reassert({ state, profile, values, wanted }: HelmInput, sequence: 'estop' | 'hold'): Course {
  const expanded = expandSequence(profile, sequence, values);
  if (!expanded.ok) return { go: 'stuck', state, missing: expanded.missing };
  const transactions = expanded.transactions.filter(({ trigger }) => trigger);
  const [transaction] = transactions;
  if (!transaction) return { go: 'stay', state: { ...state, reassert: false } };
  const passage: Passage = { to: wanted, sequence, purpose: sequence, transactions, at: 0 };
  return { go: 'write', state: { ...state, passage, reassert: false }, passage, transaction };
}

function sequenceTo(wanted: Posture, from: Posture | undefined): SequenceName {
  switch (wanted.kind) {
    case 'estop':
      return 'estop';
    case 'power':
      return wanted.w < 0 ? 'charge' : 'discharge';
    case 'release': {
      // Closing a direction of a released device is a safe write of its own; opening one is a release.
      if (from?.kind === 'release' && !wanted.charge && wanted.discharge === from.discharge) return 'blockCharge';
      if (from?.kind === 'release' && !wanted.discharge && wanted.charge === from.charge) return 'blockDischarge';
      return 'release';
    }
    case 'hold':
    case 'none':
      return 'hold';
  }
}

function purposeOf(wanted: Posture): WriteRequest['purpose'] {
  return wanted.kind === 'estop' ? 'estop' : wanted.kind === 'release' ? 'release' : 'hold';
}

/** Charging, discharging and releasing may raise power; everything else can only reduce it. */
export function kindOf(sequence: SequenceName): WriteRequest['kind'] {
  return sequence === 'charge' || sequence === 'discharge' || sequence === 'release' ? 'power' : 'safe';
}
