/**
 * Composition: the management system of a battery as the second means of a stop, its driver and its device, against a latch that
 * changes at any time and requests to disconnect that come at any time, also late ones of an older epoch.
 */
import type { LatchRecord } from '../contracts/latch.ts';
import { isStopped } from '../machines/device/second-means.ts';
import { ARMED, keyOfRecord, records } from './compose-driver.ts';
import { ASSET, dropLink, freshDriver, operationOf, takeLatch } from './driver-model.ts';
import type { Driver, Setting } from './driver-model.ts';
import { bits, keyOfDriver, oldOrNow } from './keys.ts';
import type { Parts } from './parts.ts';
import { BMS, take } from './plant.ts';
import type { Registers } from './plant.ts';
import type { Composition, Step } from './search.ts';
import { acknowledged, excepted, judgeDriver, poll, turn } from './session-model.ts';
import type { Turn } from './session-model.ts';

type SecondMeans = {
  readonly driver: Driver | undefined;
  /** Its cockpit keeps that it was asked. */
  readonly disconnect: boolean;
  readonly registers: Registers;
  readonly record: LatchRecord;
  /** Remembered by the checker: the driver was asked under the stop that stands. */
  readonly asked: boolean;
};

const OWN = `${ASSET}-bms`;
const CAUSE = 'moved power';
const UNASKED = 'nothing is written to a management system that was not asked under the stop that stands';
const ONLY_STOP = 'nothing is written to a management system but its stop';
const OPENS = 'asked under a stop that stands, it goes to its stop, unless it is tagged out';

export function secondMeansOf(parts: Parts): Composition<SecondMeans> {
  const setting: Setting = { parts, plant: BMS, idle: 'release', interval: false, shadow: parts.habits.shadowsBms };
  return {
    name: 'second means',
    about: 'the management system of a battery, asked to disconnect at any moment, rightly or not',
    modelled: [
      'latchForSecondMeans, believesDisconnect, followLatch, operation machine, steer, mayWrite: as shipped',
      `device: ${BMS.profile.name} with its sequences`,
    ],
    assumed: ['when the inverter asks (watchStop) is not modelled: it may ask at any moment'],
    invariants: [UNASKED, ONLY_STOP, OPENS, 'left alone, a tripped driver writes its stop, the whole of it'],
    bounds: {},
    initial: [{ driver: undefined, disconnect: false, registers: BMS.found, record: ARMED, asked: false }],
    steps: (state) => [...latchings(state), ...requests(state), ...own(state)],
    judge: (state) => judge(state),
    keyOf: ({ driver, disconnect, registers, record, asked }) => {
      const rank = oldOrNow(record.epoch);
      const held = BMS.read.map((point) => registers[point]);
      return `${keyOfDriver(driver, rank, setting)};${held.join()};${keyOfRecord(record, rank)};${bits(disconnect, asked)}`;
    },
  };

  function judge({ driver, registers, record, asked }: SecondMeans): string | undefined {
    if (!driver) return undefined;
    const stops = ['tripped', 'maintenance'].includes(operationOf(driver, parts));
    if (asked && driver.told && isStopped(record, ASSET) && !stops) return OPENS;
    return judgeDriver(driver, registers, setting);
  }

  /** As `takeLatch` of the actor: what was asked under a stop that is gone is forgotten. */
  function told(state: SecondMeans): SecondMeans {
    const { driver, record } = state;
    if (!driver) return state;
    const disconnect = state.disconnect && (isStopped(record, ASSET) || !parts.habits.forgetsRequest);
    const cause = disconnect ? CAUSE : undefined;
    const seen = parts.latchForSecondMeans(record, { ownId: OWN, disconnects: ASSET, disconnect: cause });
    return { ...state, disconnect, driver: takeLatch(driver, seen, parts, OWN) };
  }

  function latchings(state: SecondMeans): readonly Step<SecondMeans>[] {
    return records(state.record, ['trip', 'fault', 'tag']).map(([label, record]) => ({
      label,
      state: told({ ...state, record, asked: state.asked && isStopped(record, ASSET) }),
    }));
  }

  function requests(state: SecondMeans): readonly Step<SecondMeans>[] {
    const { driver, record } = state;
    if (!driver) return [];
    if (!driver.told) return [{ label: 'the latch is told', state: told(state) }];
    const steps: Step<SecondMeans>[] = [];
    for (const epoch of [record.epoch, record.epoch - 1]) {
      const now = epoch === record.epoch;
      const believed = parts.believesDisconnect(record, ASSET, epoch);
      const asked = state.asked || (now && isStopped(record, ASSET));
      const next: SecondMeans = { ...state, asked, disconnect: state.disconnect || believed };
      steps.push({
        label: `it is asked to disconnect${now ? '' : ', late'}`,
        state: believed ? told(next) : next,
      });
    }
    return steps;
  }

  function own(state: SecondMeans): readonly Step<SecondMeans>[] {
    const { driver, registers } = state;
    if (!driver) return [{ label: 'the driver starts', state: { ...state, driver: freshDriver(parts) } }];
    const gone: SecondMeans = { ...state, driver: undefined, disconnect: false, asked: false };
    const steps: Step<SecondMeans>[] = [{ label: 'the driver crashes', state: gone }];
    const turns = [
      turn(driver, registers, setting),
      acknowledged(driver, registers, setting),
      excepted(driver, registers, setting),
      poll(driver, registers, setting, true),
      poll(driver, registers, setting, false),
    ];
    for (const one of turns) if (one) steps.push(judged(state, driver, one));
    if (!driver.linked && driver.told)
      steps.push({
        label: 'the device is identified',
        state: { ...state, driver: { ...driver, linked: true, proven: true } },
      });
    if (!driver.linked) return steps;
    const cut: SecondMeans = { ...state, driver: dropLink(driver, parts) };
    steps.push({ label: 'the link is lost', state: cut });
    if (driver.pending)
      steps.push({
        label: 'the link is lost, the device takes the write',
        state: { ...cut, registers: take(registers, driver.pending.transaction) },
      });
    return steps;
  }

  function judged(state: SecondMeans, before: Driver, { driver, registers, label, breaks }: Turn): Step<SecondMeans> {
    const sent = before.pending ? undefined : driver.pending?.passage;
    const unasked = sent && !state.asked ? UNASKED : undefined;
    const other = sent && sent.to.kind !== 'estop' ? ONLY_STOP : undefined;
    return { label, state: { ...state, driver, registers }, breaks: breaks ?? other ?? unasked };
  }
}
