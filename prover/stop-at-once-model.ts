/**
 * A stop at once as a model, as actors/driver/stop-at-once.ts: an answer closes directions of the permit, and the safe write that
 * follows from it goes out before the order is ended and the poll is judged.
 */
import type { Permit } from '../contracts/permit.ts';
import { kindOf } from '../machines/device/helm.ts';
import type { Closed } from '../machines/guard/lookout.ts';
import { situationOf } from './driver-model.ts';
import type { Driver, Setting } from './driver-model.ts';
import type { Registers } from './plant.ts';
import { courseOf, pass } from './session-model.ts';
import type { Turn } from './session-model.ts';

export function stopAtOnce(driver: Driver, registers: Registers, setting: Setting, closed: Closed): Turn | undefined {
  const { parts } = setting;
  const { permit } = driver;
  if (!driver.linked || !driver.seen || driver.pending || !permit) return undefined;
  const left = parts.withoutClosed(permit, closed);
  if (left.maxChargeW === permit.maxChargeW && left.maxDischargeW === permit.maxDischargeW) return undefined;
  const seen: Driver = { ...driver, permit: left };
  const situation = situationOf(seen, registers, setting);
  const { order } = situation.context;
  const ends = order !== undefined && parts.endOfOrder(situation, order) !== undefined;
  const { course } = courseOf(seen, registers, setting, ends ? parts.withoutOrder(situation) : situation);
  const what = `an answer closes ${Object.keys(closed).join(' and ')}`;
  const widened = widens(left, permit, closed) ? 'an answer never widens a permit' : undefined;
  const isSafe = course.go === 'write' && kindOf(course.passage.sequence) === 'safe';
  if (course.go !== 'write' || (parts.habits.awaitsJudgement && !isSafe))
    return { driver: seen, registers, label: what, breaks: widened };
  const { passage, transaction } = course;
  const steered: Driver = { ...seen, helm: course.state };
  const {
    driver: next,
    label,
    breaks,
  } = pass(steered, registers, setting, situation, passage, transaction.values, () => transaction);
  const { pending } = next;
  return {
    driver: pending ? { ...next, pending: { ...pending, atOnce: true } } : next,
    registers,
    label: `${what}, ${label}`,
    breaks:
      breaks ?? widened ?? (isSafe ? undefined : 'before an answer is judged nothing is written that may raise power'),
  };
}

function widens(left: Permit, permit: Permit, closed: Closed): boolean {
  const wantedW = {
    charge: closed.charge ? 0 : permit.maxChargeW,
    discharge: closed.discharge ? 0 : permit.maxDischargeW,
  };
  const same = left.epoch === permit.epoch && left.expiresAtMs === permit.expiresAtMs;
  return !(same && left.maxChargeW <= wantedW.charge && left.maxDischargeW <= wantedW.discharge);
}
