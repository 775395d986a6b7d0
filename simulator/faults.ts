/**
 * Faults of the link and the device that a test or a demo can switch on; both servers obey the same ones.
 *
 * A fault lasts until `clear`, until its `forMs` is over, or for `count` requests. Time comes from the caller.
 */
import { z } from 'zod';

const ms = z.number().min(0).max(3_600_000);
const lasting = { forMs: ms.optional() };
const counted = {
  count: z.int().min(1).max(1_000_000).optional(),
  on: z.enum(['read', 'write', 'any']).default('any'),
};

export const faultSchema = z.discriminatedUnion('kind', [
  /** New connections are refused; open ones stay. */
  z.strictObject({ kind: z.literal('refuse'), ...lasting }),
  /** Connections open, no request is answered or carried out. */
  z.strictObject({ kind: z.literal('silence'), ...lasting }),
  /** The next requests are carried out and answered only after `ms`. */
  z.strictObject({
    kind: z.literal('hang'),
    ms,
    count: z.int().min(1).default(1),
    on: z.enum(['read', 'write', 'any']).default('read'),
  }),
  /** Every request is carried out and answered after `ms`. */
  z.strictObject({ kind: z.literal('delay'), ms, ...lasting }),
  /** All open connections are reset, once. */
  z.strictObject({ kind: z.literal('reset') }),
  /** Requests are answered with a Modbus exception, 6 (busy) for example, and not carried out. */
  z.strictObject({
    kind: z.literal('exception'),
    code: z.int().min(1).max(255),
    register: z.int().min(0).max(65_535).optional(),
    ...counted,
    ...lasting,
  }),
  /** Requests are carried out and their answer is lost. */
  z.strictObject({ kind: z.literal('loseAnswer'), ...counted, ...lasting }),
  /** The first request after each connect gets no answer. */
  z.strictObject({ kind: z.literal('dropFirst'), ...lasting }),
  /** Requests that follow the one before within less than `ms` get no answer. */
  z.strictObject({ kind: z.literal('gap'), ms, ...lasting }),
]);
export type SimulatedFault = z.output<typeof faultSchema>;
export type SimulatedFaultInput = z.input<typeof faultSchema>;

export type Request = { readonly op: 'read' | 'write'; readonly register: number; readonly count: number };

/** What becomes of one request. */
export type Verdict = {
  readonly waitMs: number;
  readonly carryOut: boolean;
  readonly exception: number | undefined;
  readonly answer: boolean;
};

export type Faults = {
  readonly apply: (fault: SimulatedFaultInput) => void;
  readonly clear: () => void;
  readonly active: () => readonly SimulatedFault[];
  readonly refusing: () => boolean;
  readonly connected: () => void;
  readonly judge: (request: Request) => Verdict;
  /** Called when open connections are to be reset; the answer takes the listener away. */
  readonly onReset: (reset: () => void) => () => void;
};

type Active = { readonly fault: SimulatedFault; readonly untilMs: number; left: number };

export function createFaults(now: () => number): Faults {
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
      actives.push({ fault, untilMs: now() + (forMs ?? Infinity), left: count ?? Infinity });
    },
    clear() {
      actives = [];
    },
    active: () => standing().map(({ fault }) => fault),
    refusing: () => standing().some(({ fault }) => fault.kind === 'refuse'),
    connected() {
      firstAfterConnect = true;
    },
    judge(request) {
      const isFirst = firstAfterConnect;
      const sinceLastMs = now() - lastRequestMs;
      firstAfterConnect = false;
      lastRequestMs = now();
      let verdict: Verdict = { waitMs: 0, carryOut: true, exception: undefined, answer: true };
      for (const active of standing()) {
        const change = effectOf(active.fault, request, isFirst, sinceLastMs);
        if (!change) continue;
        active.left -= 1;
        verdict = { ...verdict, ...change, waitMs: verdict.waitMs + (change.waitMs ?? 0) };
      }
      return verdict;
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
}

const UNHEARD: Partial<Verdict> = { carryOut: false, answer: false };

function effectOf(
  fault: SimulatedFault,
  request: Request,
  isFirst: boolean,
  sinceLastMs: number,
): Partial<Verdict> | undefined {
  switch (fault.kind) {
    case 'refuse':
    case 'reset':
      return undefined;
    case 'silence':
      return UNHEARD;
    case 'delay':
      return { waitMs: fault.ms };
    case 'hang':
      return concerns(fault.on, request) ? { waitMs: fault.ms } : undefined;
    case 'loseAnswer':
      return concerns(fault.on, request) ? { answer: false } : undefined;
    case 'dropFirst':
      return isFirst ? UNHEARD : undefined;
    case 'gap':
      return sinceLastMs < fault.ms ? UNHEARD : undefined;
    case 'exception':
      if (!concerns(fault.on, request) || !covers(request, fault.register)) return undefined;
      return { exception: fault.code, carryOut: false };
  }
}

function concerns(on: 'read' | 'write' | 'any', { op }: Request): boolean {
  return on === 'any' || on === op;
}

function covers({ register, count }: Request, wanted: number | undefined): boolean {
  return wanted === undefined || (wanted >= register && wanted < register + count);
}
