/**
 * Planted defects: each takes one thing away from a shipped piece, and names the composition that must find it.
 */
import { assign, createMachine } from 'xstate';
import type { AnyStateMachine } from 'xstate';
import { compile } from '../../machines/compiled/compile.ts';
import { connectionMachine } from '../../machines/device/connection.machine.ts';
import { operationMachine } from '../../machines/device/operation.machine.ts';
import type { Transaction } from '../../machines/device/sequence.ts';
import type { WriteRequest, WriteState } from '../../machines/device/may-write.ts';
import { estopMachine } from '../../machines/site/estop.machine.ts';
import type { Size } from '../../prover/compositions.ts';
import { SHIPPED } from '../../prover/parts.ts';
import type { Habits, Parts } from '../../prover/parts.ts';

export type Defect = {
  readonly what: string;
  readonly parts: Parts;
  readonly foundBy: string;
  readonly size: Size;
  /** What the counter-example is about. */
  readonly broken: RegExp;
};

type Config = { on: Record<string, unknown>; states: Record<string, Record<string, Record<string, unknown>>> };

/** The machine with its source changed. */
function changed<Machine extends AnyStateMachine>(machine: Machine, change: (config: Config) => void): Machine {
  const config = copied(machine.config) as Config;
  change(config);
  return createMachine(config as never, machine.implementations as never) as unknown as Machine;
}

/** The transitions of an event in a state: one, or a list. */
function onOf(states: Config['states'], state: string, event: string): { guard?: unknown; shift?: () => unknown } {
  const found = states[state]?.['on']?.[event];
  if (typeof found !== 'object' || found === null) throw new Error(`${state} has no transition for ${event}`);
  return found;
}

function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copied(one)]));
}

const operation = (change: (config: Config) => void): Parts => ({
  ...SHIPPED,
  operation: compile(changed(operationMachine, change)),
});
const door = (blind: (state: WriteState, request: WriteRequest) => Partial<WriteState>): Parts => ({
  ...SHIPPED,
  mayWrite: (request, state) => SHIPPED.mayWrite(request, { ...state, ...blind(state, request) }),
});
export const lost = (habit: keyof Habits): Parts => ({ ...SHIPPED, habits: { ...SHIPPED.habits, [habit]: false } });
const refusing = (when: (state: WriteState) => boolean): Parts => ({
  ...SHIPPED,
  mayWrite: (request, state) =>
    when(state) ? { allowed: false, code: 'WRITE_INTERVAL' } : SHIPPED.mayWrite(request, state),
});

/** The same step each time, as if nothing depended on what was refused before it. */
const carefrees = new WeakMap<Transaction, Transaction>();
function carefree(step: Transaction): Transaction {
  if (!step.engages) return step;
  const made = carefrees.get(step) ?? { ...step, engages: false };
  carefrees.set(step, made);
  return made;
}

export function planted(what: string, foundBy: string, broken: RegExp, parts: Parts, size: Size = 'small'): Defect {
  return { what, foundBy, broken, parts, size };
}

export const DEFECTS: readonly Defect[] = [
  planted(
    'what may raise power goes out before an answer is judged',
    'driver',
    /may raise power/,
    lost('awaitsJudgement'),
  ),
  planted('a stop engages the device although it refused the zero', 'switched setpoint', /starts no power/, {
    ...SHIPPED,
    notWritten: ({ passage, ...state }) =>
      SHIPPED.notWritten({
        ...state,
        passage: passage && { ...passage, transactions: passage.transactions.map(carefree) },
      }),
  }),
  planted('an answer that closes one direction opens the other', 'driver', /widens a permit/, {
    ...SHIPPED,
    withoutClosed: (permit, closed) => ({ ...SHIPPED.withoutClosed(permit, closed), maxChargeW: 9000 }),
  }),
  planted(
    'the door does not compare the epoch of the permit',
    'driver',
    /live permit of the same epoch/,
    door(({ permit, epoch }) => ({ permit: permit && { ...permit, epoch } })),
  ),
  planted(
    'the door does not look at the end of a permit',
    'driver',
    /live permit of the same epoch/,
    door(({ permit }) => ({ permit: permit && { ...permit, expiresAtMs: 1e9 } })),
  ),
  planted(
    'the door does not look at the latch',
    'door',
    /against control rules/,
    door(() => ({ latched: false })),
  ),
  planted(
    'the door does not look at trips',
    'door',
    /against control rules/,
    door(() => ({ tripped: false })),
  ),
  planted(
    'the door does not look at the age of telemetry',
    'driver',
    /stale telemetry/,
    door(() => ({ telemetryAgeMs: 0 })),
  ),
  planted(
    'the door does not look at local control',
    'driver, tagged out and local',
    /local control/,
    door(() => ({ local: false })),
  ),
  planted(
    'the door does not look at the size of the permit',
    'driver',
    /within its permit|zero permit/,
    door(({ permit }) => ({ permit: permit && { ...permit, maxChargeW: 9000, maxDischargeW: 9000 } })),
  ),
  planted(
    'the door does not look at the identity',
    'door',
    /against control rules/,
    door(() => ({ identityProven: true })),
  ),
  planted(
    'the door does not look at the lease',
    'door',
    /against control rules/,
    door(() => ({ leaseHeld: true })),
  ),
  planted('the door lets an order pass that has ended', 'driver', /live order/, {
    ...SHIPPED,
    mayWrite: ({ order, ...request }, state) =>
      SHIPPED.mayWrite({ ...request, ...(order ? { order: { ...order, expiresAtMs: 1e9 } } : {}) }, state),
  }),
  planted('a passage that is set aside half way leaves the posture as it was', 'LUNA2000 holds', /takes for done/, {
    ...SHIPPED,
    setAside: (state) => ({ ...state, passage: undefined }),
  }),
  planted(
    'a safe write is refused by the write interval',
    'door',
    /refused, against/,
    refusing((s) => s.sinceLastPowerWriteMs < s.minWriteIntervalMs),
  ),
  planted(
    'a safe write is refused without a permit',
    'driver',
    /safe write is never refused/,
    refusing((s) => s.permit === undefined),
  ),
  planted(
    'a safe write is refused while the latch stands',
    'driver',
    /safe write is never refused/,
    refusing((s) => s.latched),
  ),
  planted('a restarted driver does not ask for the latch', 'site, trips', /knows the latch/, lost('asksForLatch')),
  planted('a restarted guard takes the site for armed', 'site, trips', /under the latch/, lost('guardStartsLatched')),
  planted('an old record of the latch is believed', 'late messages', /while latched/, {
    ...SHIPPED,
    followLatch: (context, _known, latch, assetId) => SHIPPED.followLatch(context, 0, latch, assetId),
  }),
  planted('an E-stop pressed again is not written again', 'driver', /its own write/, {
    ...SHIPPED,
    startOver: (state) => state,
  }),
  planted(
    'the zero of the stop before answers the next one',
    'driver',
    /zero of the stop before/,
    lost('forgetsOldZero'),
  ),
  planted(
    'an acknowledgement counts for whatever is under way',
    'driver',
    /its own write|written the device/,
    lost('heedsTakeover'),
  ),
  planted('the latch is not kept on the disk', 'site, trips', /survives every crash/, lost('keepsLatch')),
  planted(
    'a reset does not ask whether the cause is gone',
    'site, trips',
    /two operators and a cleared cause/,
    lost('asksForCause'),
  ),
  planted(
    'one person resets the E-stop alone',
    'site, operators and disk',
    /two operators/,
    {
      ...SHIPPED,
      estop: compile(changed(estopMachine, ({ states }) => delete onOf(states, 'resetRequested', 'RESET').guard)),
    },
    'full',
  ),
  planted('the E-stop does not raise the epoch', 'site, trips', /its own write|one event/, {
    ...SHIPPED,
    estop: compile(
      estopMachine.provide({ actions: { bumpEpoch: assign({ latched: true, requestedBy: undefined }) } as never }),
    ),
  }),
  planted(
    'the E-stop cannot be pressed while a reset is requested',
    'site, operators and disk',
    /one event/,
    {
      ...SHIPPED,
      estop: compile(
        changed(estopMachine, ({ states }) => Object.assign(states['resetRequested']?.['on'] ?? {}, { ENGAGE: {} })),
      ),
    },
    'full',
  ),
  planted('a request to reset has no end', 'timeouts', /timeout/, {
    ...SHIPPED,
    estop: compile(changed(estopMachine, ({ states }) => delete states['resetRequested']?.['after'])),
  }),
  planted(
    'an orderly stop has no end',
    'timeouts',
    /timeout/,
    operation(({ states }) => delete states['stopping']?.['after']),
  ),
  planted(
    'an E-stop during maintenance is forgotten',
    'driver, tagged out and local',
    /knows the latch|while latched/,
    operation(({ states }) => Object.assign(states['maintenance']?.['on'] ?? {}, { ESTOP: {} })),
  ),
  planted(
    'a reset of the E-stop resets a trip too',
    'driver',
    /latch is tripped/,
    operation(({ states }) => onOf(states, 'tripped', 'ESTOP_RESET').shift?.()),
  ),
  planted(
    'orders are accepted in the tripped state',
    'driver',
    /latch is tripped|while tripped|while latched/,
    operation(({ states }) =>
      Object.assign(states['tripped']?.['on'] ?? {}, { ORDER: { target: 'discharging', actions: 'takeOrder' } }),
    ),
  ),
  planted('who has to be stopped waits for the next try', 'link', /tried at once/, {
    ...SHIPPED,
    connection: compile(changed(connectionMachine, ({ states }) => delete states['backoff']?.['on'])),
  }),
  planted('the posture of a tripped asset is to do nothing', 'driver', /left alone/, {
    ...SHIPPED,
    wantedPosture: (s) => (s.operation === 'tripped' ? { kind: 'none' } : SHIPPED.wantedPosture(s)),
  }),
  planted(
    'a sequence counts as written after its first step',
    'LUNA2000 holds',
    /moves no power|its own write|stands still/,
    {
      ...SHIPPED,
      written: (state, nowMs) =>
        SHIPPED.written(state.passage ? { ...state, passage: { ...state.passage, at: 99 } } : state, nowMs),
    },
  ),
  planted('a stop that the device refuses is left at that', 'LUNA2000 holds', /left alone/, {
    ...SHIPPED,
    polled: (state, shown) => ({ ...SHIPPED.polled(state, shown), waitForPoll: state.waitForPoll }),
  }),
  planted('the guard gives permits under the latch', 'permits', /under the latch/, {
    ...SHIPPED,
    judge: (before, frame, ceiling, config, site, nowMs) =>
      SHIPPED.judge(before, frame, ceiling, config, { ...site, latched: false }, nowMs),
  }),
  planted('the guard passes over an insulation fault', 'permits', /insulation/, {
    ...SHIPPED,
    judge: (before, frame, ...rest) => {
      const readings = Object.entries(frame.readings).filter(([measurand]) => measurand !== 'insulationFault');
      return SHIPPED.judge(before, { ...frame, readings: Object.fromEntries(readings) }, ...rest);
    },
  }),
  planted('the guard takes AC power for battery power', 'permits', /losses/, {
    ...SHIPPED,
    judge: (before, frame, ceiling, config, site, nowMs) =>
      SHIPPED.judge(before, frame, ceiling, { ...config, acSetpoint: false }, site, nowMs),
  }),
  planted('a share exceeds its room', 'sharing', /exceeds its room|than was asked/, {
    ...SHIPPED,
    share: (units, powerW, durationS) =>
      SHIPPED.share(
        units.map((unit) => ({ ...unit, roomW: 1e9 })),
        powerW,
        durationS,
      ),
  }),
];
