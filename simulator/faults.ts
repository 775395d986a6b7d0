/**
 * Faults that stand at this moment, and what becomes of each request, reply and measurement; both servers obey the same.
 *
 * A fault lasts until `clear`, until its `forMs` is over, or for `count` requests. Time and chance come from the caller, so
 * that the same faults on the same seed do the same again.
 */
import type { ReplyFault, SensorFault, SimulatedFault, SimulatedFaultInput } from './fault-kinds.ts';
import { faultSchema, isReplyFault, isSensorFault } from './fault-kinds.ts';
import type { PlantState } from './plant.ts';
import { throughSensor } from './sensors.ts';

export type Request = { readonly op: 'read' | 'write'; readonly register: number; readonly count: number };

/** What becomes of one request. */
export type Verdict = {
  readonly waitMs: number;
  readonly carryOut: boolean;
  readonly exception: number | undefined;
  readonly answer: boolean;
  readonly reboot: { readonly offlineMs: number; readonly carries: 'none' | 'half' | 'all' } | undefined;
};

export type Faults = {
  readonly apply: (fault: SimulatedFaultInput) => void;
  readonly clear: () => void;
  readonly active: () => readonly SimulatedFault[];
  readonly refusing: () => boolean;
  readonly singleClient: () => boolean;
  readonly connected: () => void;
  readonly judge: (request: Request) => Verdict;
  /** What happens to the bytes of a reply; the first of several faults. */
  readonly judgeReply: (op: 'read' | 'write') => ReplyFault | undefined;
  /** What the sensors show of the truth. */
  readonly sense: (truth: PlantState) => PlantState;
  /** Called when open connections are to be reset; the answer takes the listener away. */
  readonly onReset: (reset: () => void) => () => void;
};

export type FaultOptions = {
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Called for each fault that starts; `stands` tells whether it still does. */
  readonly started?: (fault: SimulatedFault, stands: () => boolean) => void;
};

type Active = {
  readonly fault: SimulatedFault;
  readonly fromMs: number;
  readonly untilMs: number;
  left: number;
  /** What a frozen sensor showed first. */
  readonly kept: number[];
};

export function createFaults({ now, random, started }: FaultOptions): Faults {
  let actives: Active[] = [];
  let firstAfterConnect = false;
  let lastRequestMs = -Infinity;
  const resets = new Set<() => void>();

  return {
    apply(input) {
      const fault = faultSchema.parse(input);
      if (fault.kind === 'reset') {
        for (const reset of resets) reset();
        return;
      }
      const forMs = 'forMs' in fault ? fault.forMs : undefined;
      const count = 'count' in fault ? fault.count : undefined;
      const active = { fault, fromMs: now(), untilMs: now() + (forMs ?? Infinity), left: count ?? Infinity, kept: [] };
      actives.push(active);
      started?.(fault, () => standing().includes(active));
    },
    clear() {
      actives = [];
    },
    active: () => standing().map(({ fault }) => fault),
    refusing: () => standing().some(({ fault }) => fault.kind === 'refuse'),
    singleClient: () => standing().some(({ fault }) => fault.kind === 'singleClient'),
    connected() {
      firstAfterConnect = true;
    },
    judge(request) {
      const isFirst = firstAfterConnect;
      const sinceLastMs = now() - lastRequestMs;
      firstAfterConnect = false;
      lastRequestMs = now();
      let verdict: Verdict = { waitMs: 0, carryOut: true, exception: undefined, answer: true, reboot: undefined };
      for (const active of standing()) {
        if (!strikes(active.fault, request)) continue;
        const change = effectOf(active.fault, { isFirst, sinceLastMs, random });
        if (!change) continue;
        active.left -= 1;
        verdict = { ...verdict, ...change, waitMs: verdict.waitMs + (change.waitMs ?? 0) };
      }
      return verdict;
    },
    judgeReply(op) {
      for (const active of standing()) {
        const { fault } = active;
        if (!isReplyFault(fault) || !concerns(fault.on, op) || !happens(fault.chance)) continue;
        active.left -= 1;
        return fault;
      }
      return undefined;
    },
    sense(truth) {
      let shown = truth;
      for (const { fault, fromMs, kept } of standing())
        if (isSensorFault(fault)) shown = faulty(shown, fault, now() - fromMs, kept);
      return shown;
    },
    onReset(reset) {
      resets.add(reset);
      return () => resets.delete(reset);
    },
  };

  function standing(): Active[] {
    actives = actives.filter(({ untilMs, left }) => left > 0 && now() < untilMs);
    return actives;
  }

  function strikes(fault: SimulatedFault, { op, register, count }: Request): boolean {
    if (isReplyFault(fault) || isSensorFault(fault)) return false;
    if (fault.kind === 'rebootOnWrite' && op !== 'write') return false;
    if ('on' in fault && !concerns(fault.on, op)) return false;
    const wanted = 'register' in fault && fault.kind !== 'writer' ? fault.register : undefined;
    if (wanted !== undefined && (wanted < register || wanted >= register + count)) return false;
    return !('chance' in fault) || happens(fault.chance);
  }

  /** Certain events draw nothing, so that they do not change what others draw. */
  function happens(chance: number): boolean {
    return chance >= 1 || random() < chance;
  }

  function faulty(shown: PlantState, fault: SensorFault, forMs: number, kept: number[]): PlantState {
    let at = 0;
    // A spike is one event for all values of its sensor.
    const strikesNow = fault.kind === 'spike' && happens(fault.chance);
    return throughSensor(fault.of, shown, (value) => {
      switch (fault.kind) {
        case 'freeze':
          return (kept[at++] ??= value);
        case 'invalid':
          return Number.NaN;
        case 'offset':
          return value + fault.by;
        case 'drift':
          return value + (fault.perHour * forMs) / 3_600_000;
        case 'spike':
          return strikesNow ? value + fault.by : value;
      }
    });
  }
}

const UNHEARD: Partial<Verdict> = { carryOut: false, answer: false };

/** What a fault that concerns this request does to it. */
function effectOf(
  fault: SimulatedFault,
  { isFirst, sinceLastMs, random }: { isFirst: boolean; sinceLastMs: number; random: () => number },
): Partial<Verdict> | undefined {
  switch (fault.kind) {
    case 'silence':
      return UNHEARD;
    case 'delay':
      return { waitMs: fault.ms + (fault.jitterMs > 0 ? fault.jitterMs * random() : 0) };
    case 'hang':
      return { waitMs: fault.ms };
    case 'loseAnswer':
      return { answer: false };
    case 'dropFirst':
      return isFirst ? UNHEARD : undefined;
    case 'gap':
      return sinceLastMs < fault.ms ? UNHEARD : undefined;
    case 'exception':
      return { exception: fault.code, carryOut: false };
    case 'rebootOnWrite':
      return { reboot: { offlineMs: fault.offlineMs, carries: fault.carries }, answer: false };
    // What is below strikes connections, replies, sensors and registers, each at its own place.
    case 'refuse':
    case 'reset':
    case 'singleClient':
    case 'writer':
    case 'wrong':
    case 'half':
    case 'twice':
    case 'extra':
    case 'segments':
    case 'cut':
    case 'late':
    case 'freeze':
    case 'invalid':
    case 'offset':
    case 'drift':
    case 'spike':
      return undefined;
  }
}

function concerns(on: 'read' | 'write' | 'any', op: 'read' | 'write'): boolean {
  return on === 'any' || on === op;
}
