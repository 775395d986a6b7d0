/**
 * Composition: E-stop, driver, guard and dispatcher with their device, link, operators and clocks, wired as in site.ts: a
 * message is a call, taken before the sender goes on.
 *
 * Each actor crashes at any point and comes back later; the supervisor's order is that of site.ts (rest_for_one: what
 * stands below falls with it).
 */
import { kindOf } from '../machines/device/helm.ts';
import { ARMED, DRIVER_INVARIANTS, keyOfRecord } from './compose-driver.ts';
import { dropLink, freshDriver, LIVES, lapseOrder, lapsePermit } from './driver-model.ts';
import type { Setting } from './driver-model.ts';
import { bits, epochsOf, keyOfDriver, ranksOf } from './keys.ts';
import { take } from './plant.ts';
import { UNWATCHED } from './door-model.ts';
import type { Composition, Step } from './search.ts';
import { acknowledged, HELD, judgeDriver, poll, turn } from './session-model.ts';
import { estopSteps, isKept, NOBODY, TWO_PERSONS } from './site-estop.ts';
import { say, start } from './site-messages.ts';
import type { Battery, Message, Site } from './site-messages.ts';
import {
  DISOWNED,
  dispatcherBegan,
  dispatcherFell,
  driverBegan,
  heardOfEnd,
  keyOfForce,
  orderSteps,
  REVIVED,
} from './site-orders.ts';

export type SiteReach = {
  readonly name: string;
  readonly about: string;
  readonly batteries: readonly Battery[];
  readonly operators: 'two and one who may not' | 'one step';
  /** The latch file takes its time; else it is written at once. */
  readonly slowDisk: boolean;
  /** To the asset, where nothing is said. `shared`: for the site, answered by the first write, offered again where a share fails. */
  readonly orders?: 'shared';
  /** Of all crashes the E-stop actor alone may fall too, with presses that wait for their answer. */
  readonly estopFalls?: boolean;
};

export function siteOf(setting: Setting, reach: SiteReach): Composition<Site> {
  const { parts, plant } = setting;
  const first: Site = {
    estop: parts.estop.start({ epoch: 1, latched: false, mode: 'two_person' }).state,
    record: ARMED,
    disk: ARMED,
    driver: undefined,
    guard: undefined,
    dispatcher: undefined,
    battery: 'free',
    registers: plant.found,
    pressed: false,
    kept: true,
    asked: undefined,
    waiting: false,
  };
  return {
    name: reach.name,
    about: reach.about,
    modelled: [
      'E-stop, operation machine, followLatch, endOfOrder, wantedPosture, steer, mayWrite: as shipped',
      'the record of the latch, the site order in force, answers to orders: the reducers of the actors, as shipped',
      'E-stop actor, guard actor, dispatcher and the glue of the driver: rewritten in prover/, line by line',
      'the latch file, written beside everything else; two operators and one who may not',
      'messages are calls, as wired in site.ts; what a slow or lossy lane would do is proven in "late messages"',
    ],
    assumed: [
      'the guard gives zero under a latch, a trip or missing data: proven in "permits"',
      'a crash of the whole process before the latch file is synced loses the latch, and who pressed has no answer',
      ...(reach.estopFalls
        ? []
        : ['the E-stop actor falls with the whole process only: alone in "site, E-stop actor falls"']),
      ...(reach.orders === 'shared' ? ['another asset takes and fails its share as it likes'] : []),
    ],
    invariants: [
      ...DRIVER_INVARIANTS,
      TWO_PERSONS,
      'no charge or discharge command from the press to the reset, whoever restarts',
      'E-stop reachable from every state in one event',
      'a latch that is on the disk survives every crash',
      ...(reach.orders === 'shared' ? [REVIVED, DISOWNED] : []),
      ...(reach.estopFalls ? [UNWATCHED, HELD] : []),
    ],
    bounds: {},
    initial: [first],
    steps: (state) =>
      [
        ...estopSteps(state, { operators: reach.operators, answers: reach.estopFalls === true }, setting),
        ...crashes(state),
        ...(state.estop || state.driver ? driverSteps(state) : []),
        ...(state.estop ? others(state) : []),
        ...batteries(state),
      ].map((step) =>
        synced(reach.orders === 'shared' ? { ...step, state: heardOfEnd(state, step.state, setting) } : step),
      ),
    judge: (state) => judge(state),
    keyOf: (state) => keyOf(state),
  };

  function synced(step: Step<Site>): Step<Site> {
    const { state } = step;
    if (reach.slowDisk || state.disk === state.record) return step;
    const disk = parts.habits.keepsLatch ? state.record : state.disk;
    return { ...step, state: { ...state, disk, kept: isKept(state) } };
  }

  function judge({ driver, registers, estop, record }: Site): string | undefined {
    if (record.estop !== null && estop && parts.estop.leaves[estop.leaf]?.name === 'armed')
      return 'the machine is armed while the record is latched';
    if (!driver) return undefined;
    if (driver.linked && record.estop !== null && !driver.op.context.estopped)
      return 'a driver that is linked knows the latch';
    const { permit } = driver;
    if (record.estop !== null && permit?.epoch === record.epoch && permit.maxChargeW + permit.maxDischargeW > 0)
      return 'no permit is given under the latch';
    return judgeDriver(driver, registers, setting);
  }

  function crashes(state: Site): readonly Step<Site>[] {
    const { driver, guard, dispatcher, registers, disk } = state;
    const steps: Step<Site>[] = [];
    const crash = (label: string, next: Site): void => {
      steps.push({ label, state: next });
      if (driver?.pending && next.driver === undefined)
        steps.push({
          label: `${label}, the device takes the write`,
          state: { ...next, registers: take(registers, driver.pending.transaction) },
        });
    };
    if (driver) crash('the driver crashes', { ...state, driver: undefined });
    const orphaned = reach.orders === 'shared' && dispatcher ? dispatcherFell(state) : state;
    if (guard)
      crash('the guard crashes, the dispatcher falls with it', {
        ...orphaned,
        guard: undefined,
        dispatcher: undefined,
      });
    if (dispatcher) crash('the dispatcher crashes', { ...orphaned, dispatcher: undefined });
    const latched = disk.estop !== null;
    const lost = state.pressed && state.kept && !latched;
    const estop = parts.estop.start({ epoch: disk.epoch, latched, mode: 'two_person' }).state;
    const all: Site = { ...state, ...NOBODY, estop, record: disk, pressed: latched, kept: true, waiting: false };
    crash('the whole process crashes', all);
    const last = steps.at(-1);
    if (last && lost) steps.push({ ...last, breaks: 'a latch that is on the disk survives every crash' });
    return steps;
  }

  function driverSteps(state: Site): readonly Step<Site>[] {
    const { driver, registers } = state;
    if (!driver) {
      const begun: Site = { ...state, driver: freshDriver(parts) };
      return [{ label: 'the driver starts', state: reach.orders === 'shared' ? driverBegan(begun, setting) : begun }];
    }
    const steps: Step<Site>[] = [];
    const own: Setting = setting;
    for (const one of [turn(driver, registers, own), acknowledged(driver, registers, own)]) {
      if (!one) continue;
      const sends = one.driver.pending && !driver.pending && kindOf(one.driver.pending.passage.sequence) === 'power';
      const unsafe = state.pressed && sends === true;
      const breaks =
        one.breaks ??
        (unsafe ? 'no charge or discharge command from the press to the reset, whoever restarts' : undefined) ??
        (sends === true && driver.memory.disowned && state.dispatcher ? DISOWNED : undefined);
      steps.push({ label: one.label, state: { ...state, driver: one.driver, registers: one.registers }, breaks });
    }
    for (const zero of [true, false]) {
      const shown = poll(driver, registers, own, zero);
      if (!shown) continue;
      const frame: Message = { to: 'guard', type: 'frame', battery: state.battery };
      steps.push({
        label: shown.label,
        state: say({ ...state, driver: shown.driver }, frame, setting),
        breaks: shown.breaks,
      });
    }
    if (!driver.told && state.estop)
      steps.push({
        label: 'the driver asks for the latch',
        state: say(state, { to: 'driver', type: 'latch', record: state.record }, setting),
      });
    if (!driver.linked && driver.told)
      steps.push({
        label: 'the device is identified',
        state: { ...state, driver: { ...driver, linked: true, proven: true } },
      });
    if (driver.linked) steps.push({ label: 'the link is lost', state: { ...state, driver: dropLink(driver, parts) } });
    if (driver.linked && driver.pending)
      steps.push({
        label: 'the link is lost, the device takes the write',
        state: { ...state, driver: dropLink(driver, parts), registers: take(registers, driver.pending.transaction) },
      });
    const put = (label: string, next: typeof driver): void => {
      steps.push({ label, state: { ...state, driver: next } });
    };
    // A permit ends with the frame that it was given for.
    if (driver.fresh || driver.permit?.expiresAtMs === LIVES)
      put('telemetry grows old, the permit lapses', { ...lapsePermit(driver), fresh: false });
    if (driver.op.context.order?.expiresAtMs === LIVES) put('the order expires', lapseOrder(driver));
    if (driver.early) put('the write interval passes', { ...driver, early: false });
    for (const timer of parts.operation.leaves[driver.op.leaf]?.timers ?? [])
      put('the orderly stop takes too long', {
        ...driver,
        op: parts.operation.reduce(driver.op, { type: timer as `xstate.${string}` }).state,
      });
    return steps;
  }

  function batteries(state: Site): readonly Step<Site>[] {
    return reach.batteries
      .filter((battery) => battery !== state.battery)
      .map((battery) => ({ label: `the battery is ${battery}`, state: { ...state, battery } }));
  }

  /** Guard and dispatcher. */
  function others(state: Site): readonly Step<Site>[] {
    const { guard, dispatcher, record } = state;
    const steps: Step<Site>[] = [];
    if (!guard) steps.push({ label: 'the guard starts', state: start(state, 'guard', setting) });
    else if (!guard.told)
      steps.push({
        label: 'the guard asks for the latch',
        state: say(state, { to: 'guard', type: 'latch', record }, setting),
      });
    if (!dispatcher) {
      const begun = start(state, 'dispatcher', setting);
      const told = reach.orders === 'shared' ? dispatcherBegan(begun, setting) : begun;
      steps.push({ label: 'the dispatcher starts', state: told });
    }
    if (dispatcher && !dispatcher.latch)
      steps.push({
        label: 'the dispatcher asks for the latch',
        state: say(state, { to: 'dispatcher', type: 'latch', record }, setting),
      });
    if (dispatcher?.latch && !dispatcher.latch.estop && reach.orders === undefined) {
      const { epoch } = dispatcher.latch;
      const order: Message = { to: 'driver', type: 'order', epoch, again: false };
      steps.push({ label: 'an order comes: discharge', state: say(state, order, setting) });
    }
    if (reach.orders === 'shared') steps.push(...orderSteps(state, setting));
    if (dispatcher) {
      const ended: Site = { ...state, dispatcher: { ...dispatcher, force: undefined } };
      steps.push({ label: 'an orderly stop comes', state: say(ended, { to: 'driver', type: 'stop' }, setting) });
    }
    if (guard?.frame === 'fresh')
      steps.push({ label: 'the last frame grows old', state: { ...state, guard: { ...guard, frame: 'stale' } } });
    return steps;
  }

  function keyOf(state: Site): string {
    const { estop, record, disk, driver, guard, dispatcher } = state;
    const { epoch = 0, requestedBy } = estop?.context ?? {};
    const told = dispatcher?.latch;
    const shared = dispatcher?.force?.order.epoch ?? 0;
    const epochs = [epoch, record.epoch, disk.epoch, guard?.epoch ?? 0, told?.epoch ?? 0, shared, ...epochsOf(driver)];
    const rank = ranksOf(epochs);
    return [
      estop ? `${estop.leaf}${rank(epoch)}${requestedBy ?? ''}` : '-',
      keyOfRecord(record, rank),
      disk === record ? '' : keyOfRecord(disk, rank),
      guard
        ? `${rank(guard.epoch)}${bits(guard.told, guard.latched, guard.tripped)}${guard.frame}${guard.battery}`
        : '-',
      dispatcher ? `${told ? keyOfRecord(told, rank) : '?'}${keyOfForce(state, rank)}` : '-',
      state.battery,
      Object.values(state.registers).join(),
      bits(state.pressed, state.kept, driver !== undefined, state.waiting),
      state.asked ?? '',
      keyOfDriver(driver, rank, setting),
    ].join(';');
  }
}
