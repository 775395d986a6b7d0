/**
 * Composition: E-stop, driver, guard and dispatcher with their device, link, operators and clocks, wired as in site.ts: a
 * message is a call, taken before the sender goes on.
 *
 * Each actor crashes at any point and comes back later; the supervisor's order is that of site.ts (rest_for_one: what
 * stands below falls with it).
 */
import { kindOf } from '../machines/device/helm.ts';
import { ARMED, DRIVER_INVARIANTS, keyOfRecord, PRESSED } from './compose-driver.ts';
import { ASSET, dropLink, freshDriver, LIVES, lapseOrder, lapsePermit } from './driver-model.ts';
import type { Setting } from './driver-model.ts';
import { bits, epochsOf, keyOfDriver, ranksOf } from './keys.ts';
import { take } from './plant.ts';
import type { Composition, Step } from './search.ts';
import { acknowledged, judgeDriver, poll, turn } from './session-model.ts';
import { say, start, tellAll } from './site-messages.ts';
import type { Battery, Message, Site } from './site-messages.ts';

export type SiteReach = {
  readonly name: string;
  readonly about: string;
  readonly batteries: readonly Battery[];
  readonly operators: 'two and one who may not' | 'one step';
  /** The latch file takes its time; else it is written at once. */
  readonly slowDisk: boolean;
};

const PEOPLE = ['ana', 'ben'] as const;

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
  };
  return {
    name: reach.name,
    about: reach.about,
    modelled: [
      'E-stop, operation machine, followLatch, endOfOrder, wantedPosture, steer, mayWrite: as shipped',
      'E-stop actor, guard actor, dispatcher and the glue of the driver: rewritten in prover/, line by line',
      'the latch file, written beside everything else; two operators and one who may not',
      'messages are calls, as wired in site.ts; what a slow or lossy lane would do is proven in "late messages"',
    ],
    assumed: [
      'the guard gives zero under a latch, a trip or missing data: proven in "permits"',
      'a crash before the latch file is synced loses the latch: so it is with the process; of the actor alone more is kept',
      'while the E-stop actor itself is restarted a press waits for the next one; that moment is not modelled',
    ],
    invariants: [
      ...DRIVER_INVARIANTS,
      'no reset without its two operators and a cleared cause',

      'no charge or discharge command from the press to the reset, whoever restarts',
      'E-stop reachable from every state in one event',
      'a latch that is on the disk survives every crash',
    ],
    bounds: {},
    initial: [first],
    steps: (state) => [...estopSteps(state), ...crashes(state), ...driverSteps(state), ...others(state)].map(synced),
    judge: (state) => judge(state),
    keyOf: (state) => keyOf(state),
  };

  function synced(step: Step<Site>): Step<Site> {
    const { state } = step;
    if (reach.slowDisk || state.disk === state.record) return step;
    const disk = parts.habits.keepsLatch ? state.record : state.disk;
    return { ...step, state: { ...state, disk, kept: true } };
  }

  function judge({ driver, registers, estop, record }: Site): string | undefined {
    if (record.estop !== null && parts.estop.leaves[estop.leaf]?.name === 'armed')
      return 'the machine is armed while the record is latched';
    if (!driver) return undefined;
    if (driver.linked && record.estop !== null && !driver.op.context.estopped)
      return 'a driver that is linked knows the latch';
    const { permit } = driver;
    if (record.estop !== null && permit?.epoch === record.epoch && permit.maxChargeW + permit.maxDischargeW > 0)
      return 'no permit is given under the latch';
    return judgeDriver(driver, registers, setting);
  }

  function estopSteps(state: Site): readonly Step<Site>[] {
    const { estop, record } = state;
    const engaged = parts.estop.reduce(estop, { type: 'ENGAGE' }).state;
    const pressed = tellAll(
      {
        ...state,
        estop: engaged,
        record: { ...record, epoch: engaged.context.epoch, estop: PRESSED },
        pressed: true,
        kept: false,
        asked: undefined,
      },
      setting,
    );
    const steps: Step<Site>[] = [{ label: 'the E-stop is pressed', state: pressed, breaks: notStopped(pressed) }];
    if (record.estop && reach.operators === 'one step') steps.push(resetAtOnce(state));
    else if (record.estop) {
      for (const by of PEOPLE) steps.push(reset(state, by));
      const byEve = parts.estop.reduce(estop, { type: 'RESET', by: 'eve', permitted: false }).state;
      const opened = byEve.leaf !== estop.leaf;
      steps.push({
        label: 'eve, who may not, resets',
        state: { ...state, estop: byEve },
        breaks: opened ? TWO_PERSONS : undefined,
      });
    }
    for (const timer of parts.estop.leaves[estop.leaf]?.timers ?? [])
      steps.push({
        label: 'the request to reset lapses',
        state: {
          ...state,
          estop: parts.estop.reduce(estop, { type: timer as `xstate.${string}` }).state,
          asked: undefined,
        },
      });
    if (state.disk !== record && parts.habits.keepsLatch)
      steps.push({ label: 'the latch file is on the disk', state: { ...state, disk: record, kept: true } });
    if (record.trips[ASSET] && state.battery !== 'hot')
      steps.push({
        label: 'the trip is reset',
        state: tellAll({ ...state, record: { ...record, trips: {} } }, setting),
      });
    return steps;
  }

  /** Both operators, one after the other, with nothing in between. */
  function resetAtOnce(state: Site): Step<Site> {
    const { state: between, breaks } = reset(state, 'ana');
    return breaks === undefined ? reset(between, 'ben') : { label: 'ana resets', state: between, breaks };
  }

  function notStopped({ estop, record, driver }: Site): string | undefined {
    const latched = record.estop !== null && parts.estop.leaves[estop.leaf]?.name === 'latched';
    const told = !driver || driver.op.context.estopped;
    if (!latched || !told) return 'E-stop reachable from every state in one event';
    const own = !driver?.told || !driver.memory.answered;
    return own ? undefined : 'an E-stop pressed again is answered by its own write';
  }

  function reset(state: Site, by: (typeof PEOPLE)[number]): Step<Site> {
    const { estop, record, driver, registers, asked } = state;
    const stands = !driver?.linked || plant.moves(registers) !== undefined;
    if (stands && parts.habits.asksForCause) return { label: `${by} resets and is refused: a cause stands`, state };
    const next = parts.estop.reduce(estop, { type: 'RESET', by, permitted: true }).state;
    const label = `${by} resets`;
    if (parts.estop.leaves[next.leaf]?.name !== 'armed')
      return { label, state: { ...state, estop: next, asked: asked ?? by } };
    const breaks = asked === undefined || asked === by || stands ? TWO_PERSONS : undefined;
    const armed = {
      ...state,
      estop: next,
      record: { ...record, epoch: next.context.epoch, estop: null },
      pressed: false,
      kept: false,
      asked: undefined,
    };
    return { label: `${label}: armed`, state: tellAll(armed, setting), breaks };
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
    if (guard)
      crash('the guard crashes, the dispatcher falls with it', { ...state, guard: undefined, dispatcher: undefined });
    if (dispatcher) crash('the dispatcher crashes', { ...state, dispatcher: undefined });
    // The E-stop stands first: all of control falls with it, as in a crash of the whole process.
    const latched = disk.estop !== null;
    const lost = state.pressed && state.kept && !latched;
    const estop = parts.estop.start({ epoch: disk.epoch, latched, mode: 'two_person' }).state;
    const all: Site = {
      ...state,
      estop,
      record: disk,
      driver: undefined,
      guard: undefined,
      dispatcher: undefined,
      pressed: latched,
      kept: true,
      asked: undefined,
    };
    crash('the E-stop actor or the whole process crashes', all);
    const last = steps.at(-1);
    if (last && lost) steps.push({ ...last, breaks: 'a latch that is on the disk survives every crash' });
    return steps;
  }

  function driverSteps(state: Site): readonly Step<Site>[] {
    const { driver, registers } = state;
    if (!driver) return [{ label: 'the driver starts', state: { ...state, driver: freshDriver(parts) } }];
    const steps: Step<Site>[] = [];
    const own: Setting = setting;
    for (const one of [turn(driver, registers, own), acknowledged(driver, registers, own)]) {
      if (!one) continue;
      const sends = one.driver.pending && !driver.pending && kindOf(one.driver.pending.passage.sequence) === 'power';
      const unsafe = state.pressed && sends === true;
      const breaks =
        one.breaks ??
        (unsafe ? 'no charge or discharge command from the press to the reset, whoever restarts' : undefined);
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
    if (!driver.told)
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

  /** Guard, dispatcher and the battery. */
  function others(state: Site): readonly Step<Site>[] {
    const { guard, dispatcher, record } = state;
    const steps: Step<Site>[] = [];
    if (!guard) steps.push({ label: 'the guard starts', state: start(state, 'guard', setting) });
    else if (!guard.told)
      steps.push({
        label: 'the guard asks for the latch',
        state: say(state, { to: 'guard', type: 'latch', record }, setting),
      });
    if (!dispatcher) steps.push({ label: 'the dispatcher starts', state: start(state, 'dispatcher', setting) });
    else if (!dispatcher.told)
      steps.push({
        label: 'the dispatcher asks for the latch',
        state: say(state, { to: 'dispatcher', type: 'latch', record }, setting),
      });
    else if (!dispatcher.latched)
      steps.push({
        label: 'an order comes: discharge',
        state: say(state, { to: 'driver', type: 'order', epoch: dispatcher.epoch }, setting),
      });
    if (dispatcher)
      steps.push({ label: 'an orderly stop comes', state: say(state, { to: 'driver', type: 'stop' }, setting) });
    if (guard?.frame === 'fresh')
      steps.push({ label: 'the last frame grows old', state: { ...state, guard: { ...guard, frame: 'stale' } } });
    for (const battery of reach.batteries)
      if (battery !== state.battery) steps.push({ label: `the battery is ${battery}`, state: { ...state, battery } });
    return steps;
  }

  function keyOf(state: Site): string {
    const { estop, record, disk, driver, guard, dispatcher } = state;
    const { epoch, requestedBy } = estop.context;
    const epochs = [epoch, record.epoch, disk.epoch, guard?.epoch ?? 0, dispatcher?.epoch ?? 0, ...epochsOf(driver)];
    const rank = ranksOf(epochs);
    return [
      `${estop.leaf}${rank(epoch)}${requestedBy ?? ''}`,
      keyOfRecord(record, rank),
      disk === record ? '' : keyOfRecord(disk, rank),
      guard
        ? `${rank(guard.epoch)}${bits(guard.told, guard.latched, guard.tripped)}${guard.frame}${guard.battery}`
        : '-',
      dispatcher ? `${rank(dispatcher.epoch)}${bits(dispatcher.told, dispatcher.latched)}` : '-',
      state.battery,
      Object.values(state.registers).join(),
      bits(state.pressed, state.kept, driver !== undefined),
      state.asked ?? '',
      keyOfDriver(driver, rank, setting),
    ].join(';');
  }
}

const TWO_PERSONS = 'no reset without its two operators and a cleared cause';
