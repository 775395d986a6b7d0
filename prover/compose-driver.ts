/**
 * Composition: one driver and its device against an environment that does anything.
 *
 * Latch, guard, dispatcher and link are not modelled but replaced by all that they could ever do: any record after any
 * other, permits of any size with the epoch of now or of before, orders likewise, at any moment.
 */
import type { LatchRecord } from '../contracts/latch.ts';
import { order as orderOf } from './subjects.ts';
import {
  ASSET,
  dropLink,
  freshDriver,
  LIVES,
  lapseOrder,
  lapsePermit,
  rearmDue,
  takeLatch,
  takeOrder,
} from './driver-model.ts';
import type { Driver, Setting } from './driver-model.ts';
import { bits, keyOfDriver, oldOrNow } from './keys.ts';
import { take } from './plant.ts';
import type { Registers } from './plant.ts';
import type { Closed } from '../machines/guard/lookout.ts';
import type { Composition, Step } from './search.ts';
import { acknowledged, excepted, judgeDriver, poll, turn } from './session-model.ts';
import type { Turn } from './session-model.ts';
import { stopAtOnce } from './stop-at-once-model.ts';

export type Alone = {
  readonly driver: Driver | undefined;
  readonly registers: Registers;
  readonly record: LatchRecord;
  /** Whether the site was latched in each epoch so far; kept only where old records may still come. */
  readonly past: readonly boolean[];
};

export type Reach = {
  readonly name: string;
  readonly about: string;
  /** Powers of orders, W, and rooms of permits, W for both directions. */
  readonly orders: readonly number[];
  readonly rooms: readonly (readonly [chargeW: number, dischargeW: number])[];
  /** Trips, faults and maintenance tags happen too. */
  readonly latches: readonly ('trip' | 'fault' | 'tag')[];
  readonly exceptions: boolean;
  readonly local: boolean;
  /** What an answer may close before the guard has judged it. */
  readonly closings: readonly Closed[];
  /** Records of the latch are lost, doubled, late and overtaken; then no more than this many epochs. */
  readonly epochs?: number;
};

export const ARMED: LatchRecord = { version: 1, epoch: 1, estop: null, trips: {}, maintenance: {} };

export function driverAlone(setting: Setting, reach: Reach): Composition<Alone> {
  const { parts, plant } = setting;
  return {
    name: reach.name,
    about: reach.about,
    modelled: [
      'operation machine, followLatch, endOfOrder, wantedPosture, steer, expandSequence, mayWrite: as shipped',
      'the glue of actors/driver between two exchanges: rewritten in prover/session-model.ts',
      `device: ${plant.profile.name}, every step of its sequences; idle: ${setting.idle}`,
    ],
    assumed: [
      'nobody else writes to the device; the effect of a write is not judged (not_following only ends an order)',
      'originals are saved, the firmware is accepted, budgets last: those doors are proven in "door"',
      'a write that was lost on the wire was taken at once or never',
    ],
    invariants: DRIVER_INVARIANTS,
    bounds:
      reach.epochs === undefined ? {} : { epochs: reach.epochs, 'latch cycles': Math.floor((reach.epochs - 1) / 2) },
    initial: [{ driver: undefined, registers: plant.found, record: ARMED, past: [] }],
    steps: (state, cut) => [...latchings(state, cut), ...happenings(state), ...own(state)],
    judge: ({ driver, registers, record }) => {
      if (!driver) return undefined;
      const ignorant = driver.linked && record.estop !== null && !driver.op.context.estopped;
      if (ignorant && reach.epochs === undefined) return 'a driver that is linked knows the latch';
      return judgeDriver(driver, registers, setting);
    },
    keyOf: ({ driver, registers, record, past }) => {
      const rank = reach.epochs === undefined ? oldOrNow(record.epoch) : String;
      const held = plant.read.map((point) => registers[point]);
      return `${keyOfDriver(driver, rank, setting)};${held.join()};${keyOfRecord(record, rank)};${past.length > 0 ? bits(...past) : ''}`;
    },
  };

  /** What the session and its device do. */
  function own(state: Alone): readonly Step<Alone>[] {
    const { driver, registers } = state;
    if (!driver) return [{ label: 'the driver starts', state: { ...state, driver: freshDriver(parts) } }];
    const steps: Step<Alone>[] = [
      { label: 'the driver crashes', state: { ...state, driver: undefined } },
      ...turns(state, [
        turn(driver, registers, setting),
        acknowledged(driver, registers, setting),
        reach.exceptions ? excepted(driver, registers, setting) : undefined,
        poll(driver, registers, setting, true),
        poll(driver, registers, setting, false),
        ...reach.closings.map((closed) => stopAtOnce(driver, registers, setting, closed)),
      ]),
    ];
    if (driver.pending)
      steps.push({
        label: 'the driver crashes, the device takes the write',
        state: { ...state, driver: undefined, registers: take(registers, driver.pending.transaction) },
      });
    if (!driver.linked && driver.told)
      steps.push({
        label: 'the device is identified',
        state: { ...state, driver: { ...driver, linked: true, proven: true } },
      });
    if (driver.linked) {
      const cut = dropLink(driver, parts);
      steps.push({ label: 'the link is lost', state: { ...state, driver: cut } });
      if (driver.pending)
        steps.push({
          label: 'the link is lost, the device takes the write',
          state: { ...state, driver: cut, registers: take(registers, driver.pending.transaction) },
        });
    }
    return steps;
  }

  function epochsNow({ epoch }: LatchRecord): readonly number[] {
    if (reach.epochs !== undefined) return Array.from({ length: epoch }, (_, at) => epoch - at);
    return epoch > 1 ? [epoch, epoch - 1] : [epoch];
  }

  function turns(state: Alone, found: readonly (Turn | undefined)[]): readonly Step<Alone>[] {
    return found.flatMap((one) =>
      one
        ? [{ label: one.label, state: { ...state, driver: one.driver, registers: one.registers }, breaks: one.breaks }]
        : [],
    );
  }

  /** The latch of the site changes, and is told: at once, or some time and perhaps again. */
  function latchings(state: Alone, cut: (bound: string) => void): readonly Step<Alone>[] {
    const { driver, record, past } = state;
    const changes = records(record, reach.latches);
    if (reach.epochs === undefined)
      return changes.map(([label, next]) => ({
        label,
        state: { ...state, record: next, driver: driver && takeLatch(driver, next, parts) },
      }));
    const mostEpochs = reach.epochs;
    const steps: Step<Alone>[] = [];
    for (const [label, next] of changes)
      if (next.epoch > mostEpochs) cut(`an epoch beyond ${mostEpochs}`);
      else steps.push({ label, state: { ...state, record: next, past: [...past, record.estop !== null] } });
    for (const [at, latched] of [...past, record.estop !== null].entries()) {
      const told: LatchRecord = { ...ARMED, epoch: at + 1, estop: latched ? PRESSED : null };
      const label = `the driver is told of epoch ${at + 1}: ${latched ? 'latched' : 'armed'}`;
      if (driver) steps.push({ label, state: { ...state, driver: takeLatch(driver, told, parts) } });
    }
    return steps;
  }

  /** What everybody else and time do. */
  function happenings(state: Alone): readonly Step<Alone>[] {
    const { driver, record } = state;
    const steps: Step<Alone>[] = [];
    if (!driver) return steps;
    const put = (label: string, next: Driver): void => {
      if (next !== driver) steps.push({ label, state: { ...state, driver: next } });
    };
    if (!driver.told && reach.epochs === undefined) put('the latch is told', takeLatch(driver, record, parts));
    for (const epoch of epochsNow(record)) {
      const old = epoch === record.epoch ? '' : ' of an older epoch';
      for (const [maxChargeW, maxDischargeW] of reach.rooms)
        put(`a permit${old}: ${maxChargeW} / ${maxDischargeW} W`, {
          ...driver,
          permit: {
            assetId: ASSET,
            epoch,
            maxChargeW,
            maxDischargeW,
            expiresAtMs: LIVES,
            reasons: { charge: [], discharge: [] },
          },
          memory: { ...driver.memory, permitted: true },
        });
      for (const w of reach.orders)
        put(`an order${old}: ${w} W`, takeOrder(driver, { ...orderOf(w, 'o', epoch), expiresAtMs: LIVES }, parts));
    }
    put('an orderly stop', { ...driver, op: parts.operation.reduce(driver.op, { type: 'STOP' }).state });
    for (const timer of parts.operation.leaves[driver.op.leaf]?.timers ?? [])
      put('the orderly stop takes too long', {
        ...driver,
        op: parts.operation.reduce(driver.op, { type: timer as `xstate.${string}` }).state,
      });
    if (driver.permit && driver.permit.expiresAtMs === LIVES) put('the permit lapses', lapsePermit(driver));
    if (driver.op.context.order?.expiresAtMs === LIVES) put('the order expires', lapseOrder(driver));
    if (driver.fresh) put('telemetry grows old', { ...driver, fresh: false });
    if (driver.early) put('the write interval passes', { ...driver, early: false });
    if (driver.helm.posture?.kind === 'power' && driver.helm.armedAtMs > 0)
      put('the dead-man has to be armed again', rearmDue(driver));
    if (reach.local)
      put(`local control is switched ${driver.local ? 'off' : 'on'}`, { ...driver, local: !driver.local });
    return steps;
  }
}

export const DRIVER_INVARIANTS: readonly string[] = [
  'no charge or discharge command while latched',
  'no charge or discharge command while tripped',
  'a setpoint only under a live permit of the same epoch, within it, for a live order of that epoch',
  'after a restart no power before a fresh permit',
  'a safe write is never refused outside maintenance and local control, and a stop is never stuck',
  'no write before the identity is proven on this connection; none at all in maintenance',
  'an E-stop pressed again is answered by its own write, and not by the zero of the stop before',
  'after a stop is said to be written the device moves no power',
  'left alone, a tripped driver writes its stop, the whole of it, and the device stands still',
  'a driver with nothing under way takes for done what the device does',
  'a safe write starts no power',
  'before an answer is judged nothing is written that may raise power, and it never widens a permit',
  'an asset with a latch is tripped or in maintenance; a driver that is linked knows the latch',
];

/** Every record that may follow this one. */
export function records(
  record: LatchRecord,
  latches: Reach['latches'],
): readonly (readonly [label: string, next: LatchRecord])[] {
  const { epoch, estop, trips, maintenance } = record;
  const next: (readonly [string, LatchRecord])[] = [
    ['the E-stop is pressed', { ...record, epoch: epoch + 1, estop: PRESSED }],
  ];
  if (estop) next.push(['the E-stop is reset', { ...record, epoch: epoch + 1, estop: null }]);
  for (const kind of ['trip', 'fault'] as const) {
    if (!latches.includes(kind) || trips[ASSET]?.kind === kind || trips[ASSET]?.kind === 'trip') continue;
    next.push([`a ${kind}`, { ...record, trips: { [ASSET]: { kind, cause: kind, sinceWallMs: 0 } } }]);
  }
  if (trips[ASSET]) next.push(['the trip is reset', { ...record, trips: {} }]);
  if (latches.includes('tag') && !maintenance[ASSET])
    next.push(['tagged out', { ...record, maintenance: { [ASSET]: { tag: 't', reason: 'r', issuer: 'i' } } }]);
  if (maintenance[ASSET]) next.push(['the tag is taken away', { ...record, maintenance: {} }]);
  return next;
}

export const PRESSED = { sinceWallMs: 0, reason: 'r', issuer: 'i' };

export function keyOfRecord(
  { epoch, estop, trips, maintenance }: LatchRecord,
  rank: (epoch: number) => string,
): string {
  return `${rank(epoch)}${bits(estop !== null, maintenance[ASSET] !== undefined)}${trips[ASSET]?.kind ?? ''}`;
}
