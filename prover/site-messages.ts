/**
 * What the actors of a site tell each other, and what each makes of it: guard and dispatcher as their actors do it.
 */
import type { EstopContext } from '../contracts/estop.ts';
import type { LatchRecord } from '../contracts/latch.ts';
import type { CompiledState } from '../machines/compiled/compile.ts';
import { tripped as trippedBy } from '../machines/site/latch-record.ts';
import type { InForce } from '../machines/site/in-force.ts';
import { ASSET, hearDispatcher, LIVES, NOW, takeLatch, takeOrder } from './driver-model.ts';
import type { Driver, Setting } from './driver-model.ts';
import type { Registers } from './plant.ts';
import { order as orderOf } from './subjects.ts';

/** Orders differ by whether they are new to the driver, not by name. */
const ORDER = 'o';

/** `free`: both directions; `full`: none; `hot`: none, and the asset trips. */
export type Battery = 'free' | 'full' | 'hot';

export type Guard = {
  readonly told: boolean;
  readonly epoch: number;
  readonly latched: boolean;
  readonly tripped: boolean;
  /** The frame that it saw last. */
  readonly frame: 'none' | 'fresh' | 'stale';
  readonly battery: Battery;
};

export type Dispatcher = {
  /** As it was told last. */
  readonly latch: LatchRecord | undefined;
  /** The order of the whole site; only where shares are modelled. */
  readonly force: InForce | undefined;
  /** Remembered by the checker: since that order came the driver began anew, its share ended, or something was reset. */
  readonly old: boolean;
};

export type Message =
  | { readonly to: 'driver' | 'guard' | 'dispatcher'; readonly type: 'latch'; readonly record: LatchRecord }
  | { readonly to: 'guard'; readonly type: 'frame'; readonly battery: Battery }
  | {
      readonly to: 'driver';
      readonly type: 'permit';
      readonly epoch: number;
      readonly roomW: number;
      readonly live: boolean;
    }
  /** `again`: another share of the order under way. */
  | { readonly to: 'driver'; readonly type: 'order'; readonly epoch: number; readonly again: boolean }
  | { readonly to: 'driver'; readonly type: 'dispatcher started' }
  | { readonly to: 'driver'; readonly type: 'stop' };

export type Site = {
  /** Undefined: it has fallen, and all of control with it. */
  readonly estop: CompiledState<EstopContext> | undefined;
  /** As it is in memory, kept beside the tree. */
  readonly record: LatchRecord;
  /** Somebody pressed and has no answer yet; kept beside the tree. */
  readonly waiting: boolean;
  readonly disk: LatchRecord;
  readonly driver: Driver | undefined;
  readonly guard: Guard | undefined;
  readonly dispatcher: Dispatcher | undefined;
  readonly battery: Battery;
  readonly registers: Registers;
  /** Remembered by the checker: pressed and not reset since; whether that is on the disk; who asked first for a reset. */
  readonly pressed: boolean;
  readonly kept: boolean;
  readonly asked: string | undefined;
};

export function start(state: Site, who: 'guard' | 'dispatcher', { parts }: Setting): Site {
  const { guardStartsLatched } = parts.habits;
  if (who === 'dispatcher') return { ...state, dispatcher: { latch: undefined, force: undefined, old: false } };
  const epoch = guardStartsLatched ? -1 : state.record.epoch;
  return {
    ...state,
    guard: { told: false, epoch, latched: guardStartsLatched, tripped: false, frame: 'none', battery: 'free' },
  };
}

/** Drivers first, then guard and dispatcher; each the newest record, whatever the one before has made of it. */
export function tellAll(state: Site, setting: Setting): Site {
  let next = state;
  for (const to of ['driver', 'guard', 'dispatcher'] as const)
    if (next[to] !== undefined) next = say(next, { to, type: 'latch', record: next.record }, setting);
  return next;
}

/** A call: it is taken before the sender goes on. */
export function say(state: Site, message: Message, setting: Setting): Site {
  const { driver, guard, dispatcher } = state;
  const { parts } = setting;
  switch (message.type) {
    case 'latch': {
      const { record } = message;
      const { epoch, estop } = record;
      if (message.to === 'driver') return driver ? { ...state, driver: takeLatch(driver, record, parts) } : state;
      if (message.to === 'dispatcher')
        return dispatcher ? { ...state, dispatcher: hearLatch(dispatcher, record, setting) } : state;
      if (!guard) return state;
      const told: Guard = {
        ...guard,
        told: true,
        epoch,
        latched: estop !== null,
        tripped: record.trips[ASSET] !== undefined,
      };
      const next = { ...state, guard: told };
      // What was seen a moment ago is judged again.
      return guard.frame === 'none' ? next : judge(next, told, setting);
    }
    case 'frame':
      return guard ? judge(state, { ...guard, frame: 'fresh', battery: message.battery }, setting) : state;
    case 'permit': {
      const { epoch, roomW, live } = message;
      if (!driver) return state;
      const permit = {
        assetId: ASSET,
        epoch,
        maxChargeW: roomW,
        maxDischargeW: roomW,
        expiresAtMs: live ? LIVES : NOW,
        reasons: { charge: [], discharge: [] },
      };
      return { ...state, driver: { ...driver, permit, memory: { ...driver.memory, permitted: true } } };
    }
    case 'order': {
      if (!driver) return state;
      const taken = takeOrder(driver, { ...orderOf(1000, ORDER, message.epoch), expiresAtMs: LIVES }, parts);
      if (message.again && driver.said === 'heard') return { ...state, driver: taken };
      return { ...state, driver: { ...taken, said: 'nothing', memory: { ...taken.memory, disowned: false } } };
    }
    case 'dispatcher started':
      return driver ? { ...state, driver: hearDispatcher(driver, parts) } : state;
    case 'stop':
      return driver
        ? { ...state, driver: { ...driver, op: parts.operation.reduce(driver.op, { type: 'STOP' }).state } }
        : state;
  }
}

function hearLatch({ latch, force, old }: Dispatcher, now: LatchRecord, { parts }: Setting): Dispatcher {
  const reset = latch?.trips[ASSET] !== undefined && !now.trips[ASSET];
  return { latch: now, force: force && parts.hearOfLatch(force, latch, now), old: old || reset || now.estop !== null };
}

/** As the guard actor: the trip first, then the permit. */
function judge(state: Site, guard: Guard, setting: Setting): Site {
  const tripped = guard.tripped || guard.battery === 'hot';
  const roomW = guard.latched || tripped || guard.battery !== 'free' || guard.frame === 'stale' ? 0 : 5000;
  let next: Site = { ...state, guard: { ...guard, tripped } };
  if (guard.battery === 'hot' && !guard.tripped) {
    const record = trippedBy(next.record, ASSET, { kind: 'trip', cause: 'hot', sinceWallMs: 0 });
    if (record) next = tellAll({ ...next, record }, setting);
  }
  return say(next, { to: 'driver', type: 'permit', epoch: guard.epoch, roomW, live: guard.frame === 'fresh' }, setting);
}
