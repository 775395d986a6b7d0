/**
 * The driver as a model: the shipped operation machine, posture, helm and door, and around them what the actor does
 * between two awaits (actors/driver), one step each. Numbers are classes: a permit, an order and a frame are alive or
 * over; powers are 0, one that the permit cuts, and one that it covers. The shipped code only compares them.
 *
 * Invariant checked here: whatever passes the door is judged once more, by rules that are written out below.
 */
import type { LatchRecord } from '../contracts/latch.ts';
import type { OperationContext, Order } from '../contracts/operation.ts';
import type { Permit } from '../contracts/permit.ts';
import type { OperationState } from '../contracts/telemetry.ts';
import type { CompiledState } from '../machines/compiled/compile.ts';
import type { HelmState, Passage } from '../machines/device/helm.ts';
import { UNTOUCHED } from '../machines/device/helm.ts';
import { operationOf as stateOf } from '../machines/device/operation.machine.ts';
import type { Situation } from '../machines/device/posture.ts';
import type { Transaction } from '../machines/device/sequence.ts';
import type { Parts } from './parts.ts';
import type { Plant, Registers } from './plant.ts';

/** The moment at which everything is judged; what is over ended at it, what lives ends after it. */
export const NOW = 10;
export const LIVES = NOW + 1;
const LONG_AGO = -1e9;
export const ASSET = 'a';

export type Driver = {
  readonly op: CompiledState<OperationContext>;
  /** The latch was told, so the device may be touched. */
  readonly told: boolean;
  readonly epoch: number;
  readonly permit: Permit | undefined;
  readonly linked: boolean;
  /** Its model, serial number and unit were read on this connection, or are believed to have been. */
  readonly proven: boolean;
  readonly seen: boolean;
  readonly fresh: boolean;
  readonly helm: HelmState;
  /** The request on the wire; `atOnce`: a stop that went out before the answer that called for it was judged. */
  readonly pending:
    | { readonly passage: Passage; readonly transaction: Transaction; readonly atOnce?: true }
    | undefined;
  readonly early: boolean;
  /** Registers that were written and not read since, in order. */
  readonly unread: readonly string[];
  readonly awaitsZero: boolean;
  readonly local: boolean;
  /** The E-stop's actor has ended: the driver takes leave. */
  readonly unwatched: boolean;
  /** The first write of its order was told; `heard`: to a living dispatcher. Only where answers are modelled. */
  readonly said: 'nothing' | 'unheard' | 'heard';
  readonly memory: Memory;
};

/** What the checker remembers to judge by; the driver does not know it. */
export type Memory = {
  /** The newest record of the latch that it was told. */
  readonly newest: { readonly epoch: number; readonly latched: boolean };
  /** The guard gave a permit since this driver started. */
  readonly permitted: boolean;
  /** Writes of the `estop` sequence sent since it was last pressed. */
  readonly sent: number;
  /** The press was answered by `written`. */
  readonly answered: boolean;
  /** The dispatcher fell before it answered for the order under way. */
  readonly disowned: boolean;
};

export type Setting = {
  readonly parts: Parts;
  readonly plant: Plant;
  readonly idle: 'hold' | 'release';
  /** The least time between power writes is a moment of its own. */
  readonly interval: boolean;
  /** Nothing is written but a stop. */
  readonly shadow?: boolean;
};

export function freshDriver(parts: Parts): Driver {
  return {
    op: parts.operation.start({ assetId: ASSET, stopTimeoutMs: 1 }).state,
    told: !parts.habits.asksForLatch,
    epoch: 0,
    permit: undefined,
    linked: false,
    proven: false,
    seen: false,
    fresh: false,
    helm: UNTOUCHED,
    pending: undefined,
    early: false,
    unread: [],
    awaitsZero: false,
    local: false,
    unwatched: false,
    said: 'nothing',
    memory: { newest: { epoch: 0, latched: false }, permitted: false, sent: 0, answered: true, disowned: false },
  };
}

/** As `takeLatch` of the actor. */
export function takeLatch(driver: Driver, latch: LatchRecord, parts: Parts, assetId = ASSET): Driver {
  const { habits } = parts;
  let next = driver;
  for (const { event, ends } of parts.followLatch(driver.op.context, driver.epoch, latch, assetId)) {
    if (ends) next = endOrder(next, parts);
    next = { ...next, op: parts.operation.reduce(next.op, event).state };
    if (event.type !== 'ESTOP') continue;
    next = { ...next, helm: parts.startOver(next.helm) };
    if (habits.forgetsOldZero) next = { ...next, awaitsZero: false };
  }
  const { newest } = driver.memory;
  const pressed =
    latch.estop !== null && (latch.epoch > newest.epoch || (latch.epoch === newest.epoch && !newest.latched));
  const memory: Memory = {
    ...driver.memory,
    newest: latch.epoch >= newest.epoch ? { epoch: latch.epoch, latched: latch.estop !== null } : newest,
    ...(pressed ? { sent: 0, answered: false } : {}),
  };
  return { ...next, told: true, epoch: Math.max(driver.epoch, latch.epoch), memory };
}

/** As `DOWN` at the driver actor: the E-stop's actor has ended. */
export function unwatch(driver: Driver, parts: Parts): Driver {
  return { ...endOrder(driver, parts), unwatched: true };
}

export function isUnwatched({ unwatched }: Driver, { habits }: Parts): boolean {
  return unwatched && habits.holdsUnwatched;
}

export function takeOrder(driver: Driver, order: Order, parts: Parts): Driver {
  return { ...driver, op: parts.operation.reduce(driver.op, { type: 'ORDER', order }).state };
}

/** As `DISPATCHER_STARTED` at the driver actor. */
export function hearDispatcher(driver: Driver, parts: Parts): Driver {
  const { order } = driver.op.context;
  const answered = driver.said === 'heard' ? order?.id : undefined;
  return parts.endsUnanswered(order, answered) ? endOrder(driver, parts) : driver;
}

export function endOrder(driver: Driver, parts: Parts): Driver {
  const { order } = driver.op.context;
  if (!order) return driver;
  return { ...driver, op: parts.operation.reduce(driver.op, { type: 'ORDER_ENDED', id: order.id }).state };
}

/** The connection ends: nothing that was learned on it is believed on the next one. */
export function dropLink(driver: Driver, parts: Parts): Driver {
  const cut: Driver = { ...endOrder(driver, parts), linked: false, pending: undefined };
  return { ...cut, proven: false, seen: false, fresh: false, helm: UNTOUCHED, unread: [], awaitsZero: false };
}

export function operationOf({ op }: Driver, { operation }: Parts): OperationState {
  return stateOf(operation.leaves[op.leaf]?.value as Parameters<typeof stateOf>[0]);
}

/** The value that a register is known to hold: read on this connection, after our last write to it. */
export function known(driver: Driver, { plant }: Setting, registers: Registers, point: string): number | undefined {
  if (!driver.seen || driver.unread.includes(point)) return undefined;
  return registers[point] ?? plant.shown[point];
}

export function situationOf(driver: Driver, registers: Registers, setting: Setting): Situation {
  const { plant, parts, idle } = setting;
  const { forced } = plant.profile.control ?? {};
  const unwatched = isUnwatched(driver, parts);
  const command = forced && known(driver, setting, registers, forced.point);
  return {
    nowMs: NOW,
    operation: operationOf(driver, parts),
    context: unwatched ? { ...driver.op.context, holding: true } : driver.op.context,
    epoch: driver.epoch,
    permit: driver.permit,
    idle: unwatched ? 'hold' : idle,
    readOnly: false,
    shadow: setting.shadow ?? false,
    local: driver.local,
    hybrid: false,
    batteryW: undefined,
    acW: undefined,
    forced: command !== undefined && command !== forced?.idle,
    posture: driver.helm.posture,
    effect: undefined,
    sinceLastPowerWriteMs: driver.early ? 0 : 1,
    minWriteIntervalMs: 1,
    restsUntilMs: Number.NEGATIVE_INFINITY,
    rampRateWPerS: 1e9,
    ratingW: 5000,
    closesDirections: true,
    foreignControl: false,
    releaseBlocked: false,
  };
}

/** Time passes for this driver: each is a moment that comes at any time. */
export function lapsePermit(driver: Driver): Driver {
  return driver.permit ? { ...driver, permit: { ...driver.permit, expiresAtMs: NOW } } : driver;
}

export function lapseOrder(driver: Driver): Driver {
  const { context } = driver.op;
  if (!context.order) return driver;
  return { ...driver, op: { ...driver.op, context: { ...context, order: { ...context.order, expiresAtMs: NOW } } } };
}

export function rearmDue(driver: Driver): Driver {
  return { ...driver, helm: { ...driver.helm, armedAtMs: LONG_AGO } };
}
