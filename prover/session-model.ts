/**
 * The session of a driver as a model: as `writeNext` and `finishPoll` of actors/driver, one exchange in two steps, so that
 * anything may happen between a request and its answer.
 */
import { kindOf } from '../machines/device/helm.ts';
import type { Course, Passage } from '../machines/device/helm.ts';
import type { WriteRequest } from '../machines/device/may-write.ts';
import { samePosture } from '../machines/device/posture.ts';
import type { Posture, Situation } from '../machines/device/posture.ts';
import { brokenBy, isExcused, probeDoor, writeStateOf } from './door-model.ts';
import { endOrder, known, NOW, operationOf, situationOf } from './driver-model.ts';
import type { Driver, Setting } from './driver-model.ts';
import { take } from './plant.ts';
import type { Registers } from './plant.ts';

export type Turn = {
  readonly driver: Driver;
  readonly registers: Registers;
  readonly label: string;
  readonly breaks?: string | undefined;
};

/** The one next thing that the session does by itself; undefined: nothing. */
export function turn(driver: Driver, registers: Registers, setting: Setting): Turn | undefined {
  const { parts } = setting;
  if (!driver.linked || driver.pending) return undefined;
  if (!driver.seen && operationOf(driver, parts) !== 'tripped') return undefined;
  const situation = situationOf(driver, registers, setting);
  const { order } = situation.context;
  const end = order && parts.endOfOrder(situation, order);
  if (end) return { driver: endOrder(driver, parts), registers, label: `the driver ends the order: ${end}` };
  const { wanted, course } = courseOf(driver, registers, setting, situation);
  const steered: Driver = { ...driver, helm: course.state };
  if (course.go === 'write')
    return pass(
      steered,
      registers,
      setting,
      situation,
      course.passage,
      course.transaction.values,
      () => course.transaction,
    );
  let next = steered;
  let breaks: string | undefined;
  if (course.go === 'stuck' && wanted.kind === 'estop')
    breaks = `a stop is never stuck: ${course.missing} is not known`;
  if (course.go === 'stuck' && wanted.kind === 'power') next = endOrder(next, parts);
  if (course.go === 'stay' && course.completed) {
    const repeated = samePosture(driver.helm.posture, course.completed.to);
    ({ driver: next, breaks } = completed(next, registers, setting, course.completed, repeated));
  }
  if (course.go === 'stay') next = arrived(next, registers, setting);
  const changed = next.helm !== driver.helm || next.op !== driver.op || breaks !== undefined;
  return changed ? { driver: next, registers, label: `the driver is at ${wanted.kind}`, breaks } : undefined;
}

/** Where the driver wants the device, and the way there. */
export function courseOf(
  driver: Driver,
  registers: Registers,
  setting: Setting,
  situation: Situation,
): { readonly wanted: Posture; readonly course: Course } {
  const { parts, plant } = setting;
  const wanted = parts.wantedPosture(situation);
  const course = parts.steer({
    state: driver.helm,
    wanted,
    nowMs: NOW,
    profile: plant.profile,
    values: {
      powerW: 0,
      heartbeat: 1,
      originals: plant.originals,
      permit: { charge: driver.permit?.maxChargeW ?? 0, discharge: driver.permit?.maxDischargeW ?? 0 },
      found: (point) => (driver.seen ? (registers[point] ?? plant.shown[point]) : undefined),
      allowShutdown: false,
    },
    known: (point) => known(driver, setting, registers, point),
    untouched: false,
  });
  return { wanted, course };
}

export function pass(
  driver: Driver,
  registers: Registers,
  setting: Setting,
  situation: Situation,
  passage: Passage,
  values: Readonly<Record<string, number>>,
  transaction: () => NonNullable<Driver['pending']>['transaction'],
): Turn {
  const { parts } = setting;
  const kind = kindOf(passage.sequence);
  const targetW = passage.to.kind === 'power' ? passage.to.w : 0;
  const { order } = situation.context;
  const request: WriteRequest = {
    kind,
    purpose: passage.purpose,
    targetW,
    ...(order ? { order: { epoch: order.epoch, expiresAtMs: order.expiresAtMs } } : {}),
  };
  const verdict = parts.mayWrite(request, writeStateOf(driver, situation, setting));
  const what = `${passage.sequence}${targetW === 0 ? '' : ` ${targetW} W`}: ${Object.entries(values)
    .map(([point, value]) => `${point} = ${value}`)
    .join(', ')}`;
  if (!verdict.allowed) return refused(driver, registers, setting, passage, verdict.code, what);
  const sent = passage.to.kind === 'estop' ? driver.memory.sent + 1 : driver.memory.sent;
  const next: Driver = {
    ...driver,
    pending: { passage, transaction: transaction() },
    unread: setting.plant.read.filter((point) => driver.unread.includes(point) || point in values),
    memory: { ...driver.memory, sent: Math.min(sent, stepsOfStop(setting)) },
  };
  return {
    driver: next,
    registers,
    label: `the driver writes ${what}`,
    breaks: brokenBy(driver, request) ?? unpowered(driver, request, setting),
  };
}

function unpowered({ op }: Driver, { kind, purpose }: WriteRequest, { parts }: Setting): string | undefined {
  if (kind === 'safe' || purpose === 'release') return undefined;
  return parts.operation.leaves[op.leaf]?.tags.has('powered') ? undefined : 'power only in a powered state';
}

function refused(
  driver: Driver,
  registers: Registers,
  { parts }: Setting,
  passage: Passage,
  code: string,
  what: string,
): Turn {
  const label = `the door refuses ${what}: ${code}`;
  if (kindOf(passage.sequence) === 'safe' && driver.proven && !isExcused(driver, passage.purpose))
    return { driver, registers, label, breaks: `a safe write is never refused: ${code}` };
  if (code === 'WRITE_INTERVAL') return { driver: { ...driver, helm: parts.setAside(driver.helm) }, registers, label };
  const next = { ...driver, helm: parts.notWritten(driver.helm) };
  return { driver: passage.to.kind === 'power' ? endOrder(next, parts) : next, registers, label };
}

/** The device took the request and says so. */
export function acknowledged(driver: Driver, registers: Registers, setting: Setting): Turn | undefined {
  const { pending } = driver;
  if (!pending) return undefined;
  const { parts } = setting;
  const after = take(registers, pending.transaction);
  const label = 'the device acknowledges';
  const starts = setting.plant.moves(registers) === undefined && setting.plant.moves(after) !== undefined;
  if (starts && kindOf(pending.passage.sequence) === 'safe')
    return { driver, registers: after, label, breaks: 'a safe write starts no power' };
  const free: Driver = { ...driver, pending: undefined };
  if (parts.habits.heedsTakeover && driver.helm.passage !== pending.passage)
    return { driver: free, registers: after, label };
  const repeated = samePosture(driver.helm.posture, pending.passage.to);
  const moved: Driver = { ...free, helm: parts.written(driver.helm, NOW) };
  if (moved.helm.passage !== undefined) return { driver: moved, registers: after, label };
  return { ...completed(moved, after, setting, pending.passage, repeated), registers: after, label };
}

/** The device answers with an exception and did not take it. */
export function excepted(driver: Driver, registers: Registers, { parts }: Setting): Turn | undefined {
  if (!driver.pending) return undefined;
  const next: Driver = { ...driver, pending: undefined, helm: parts.notWritten(driver.helm) };
  const power = driver.pending.passage.to.kind === 'power';
  return { driver: power ? endOrder(next, parts) : next, registers, label: 'the device refuses the write' };
}

function completed(
  driver: Driver,
  registers: Registers,
  setting: Setting,
  { to, sequence }: Passage,
  repeated: boolean,
): { driver: Driver; breaks: string | undefined } {
  let next = setting.interval && kindOf(sequence) === 'power' ? { ...driver, early: true } : driver;
  if (repeated) return { driver: next, breaks: undefined };
  let breaks: string | undefined;
  if (to.kind === 'estop') {
    if (next.memory.newest.latched && next.memory.sent < stepsOfStop(setting))
      breaks = 'an E-stop pressed again is answered by its own write';
    else if (setting.plant.moves(registers) !== undefined)
      breaks = 'after a stop is said to be written the device moves no power';
    next = { ...next, awaitsZero: true, memory: { ...next.memory, answered: true } };
  }
  return { driver: arrived(next, registers, setting), breaks };
}

function stepsOfStop({ plant }: Setting): number {
  const { estop = [] } = plant.profile.control?.sequences ?? {};
  return estop.filter(({ requires }) => requires === undefined).length;
}

function arrived(driver: Driver, registers: Registers, setting: Setting): Driver {
  const { parts } = setting;
  const situation = situationOf(driver, registers, setting);
  const { posture } = driver.helm;
  if (!posture || !samePosture(posture, parts.wantedPosture(situation))) return driver;
  if (operationOf(driver, parts) !== 'stopping' || posture.kind !== 'hold') return driver;
  return { ...driver, op: parts.operation.reduce(driver.op, { type: 'HELD' }).state };
}

/** A poll ends: the device has shown itself. `zero`: the measured power is zero. */
export function poll(driver: Driver, registers: Registers, { parts, plant }: Setting, zero: boolean): Turn | undefined {
  const { pending } = driver;
  if (!driver.linked || (pending && !pending.atOnce)) return undefined;
  const moving = plant.moves(registers) !== undefined;
  if (zero && moving) return undefined;
  const { posture } = driver.helm;
  const breach =
    posture?.kind === 'estop' || (posture?.kind === 'hold' && !zero) || operationOf(driver, parts) === 'tripped';
  const answers = driver.awaitsZero && zero;
  const early = answers && driver.memory.newest.latched && !driver.memory.answered;
  return {
    driver: {
      ...driver,
      seen: true,
      fresh: true,
      // What it shows was read before a stop that is on its way.
      unread: driver.unread.filter((point) => pending !== undefined && point in pending.transaction.values),
      pending: pending && { passage: pending.passage, transaction: pending.transaction },
      helm: parts.polled(driver.helm, { differs: false, breach }),
      awaitsZero: driver.awaitsZero && !zero,
    },
    registers,
    label: `a poll shows the device ${zero ? 'at zero' : 'moving'}`,
    breaks: early ? 'an E-stop pressed again is not answered by the zero of the stop before' : undefined,
  };
}

/** What holds of a driver at rest or in between, whatever comes next. */
export function judgeDriver(driver: Driver, registers: Registers, setting: Setting): string | undefined {
  const operation = operationOf(driver, setting.parts);
  const { estopped, trip, maintenance } = driver.op.context;
  const isLatched = operation === 'tripped' || operation === 'maintenance';
  if ((estopped || trip !== undefined) && !isLatched) return 'an asset with a latch is tripped or in maintenance';
  if (maintenance !== undefined && operation !== 'maintenance') return 'no write at all in maintenance';
  if (!driver.linked) return undefined;
  return (
    misled(driver, registers, setting) ??
    probeDoor(driver, registers, setting) ??
    (operation === 'tripped' ? unstoppable(driver, registers, setting) : undefined) ??
    (driver.unwatched && operation !== 'maintenance' ? unheld(driver, registers, setting) : undefined)
  );
}

/** With nothing under way, what the driver takes for done stands in the device. */
function misled({ helm, pending }: Driver, registers: Registers, { plant }: Setting): string | undefined {
  const { posture, passage } = helm;
  if (!posture || passage || pending) return undefined;
  if (posture.kind === 'release' || posture.kind === 'none') return undefined;
  const told = posture.kind === 'power' ? (posture.w < 0 ? 'charge' : 'discharge') : undefined;
  return plant.moves(registers) === told
    ? undefined
    : 'a driver with nothing under way takes for done what the device does';
}

const ENOUGH_TURNS = 30;

/** Left alone with a device that answers, a tripped driver writes its stop, the whole of it, and the device stands still. */
function unstoppable(driver: Driver, registers: Registers, setting: Setting): string | undefined {
  const isDone = ({ helm, memory }: Driver): boolean => helm.posture?.kind === 'estop' && memory.answered;
  return standsStill(driver, registers, setting, isDone)
    ? undefined
    : 'left alone, a tripped driver writes its stop and the device stands still';
}

/** Left alone likewise, one that takes leave while nobody could tell it of a press holds its device. */
function unheld(driver: Driver, registers: Registers, setting: Setting): string | undefined {
  const isDone = ({ helm }: Driver): boolean => helm.posture?.kind === 'hold' || helm.posture?.kind === 'estop';
  return standsStill(driver, registers, setting, isDone) ? undefined : HELD;
}

export const HELD = 'left alone, a driver that nobody could tell of a press holds its device';

function standsStill(
  driver: Driver,
  registers: Registers,
  setting: Setting,
  isDone: (driver: Driver) => boolean,
): boolean {
  let at: Turn = { driver, registers, label: '' };
  for (let count = 0; count < ENOUGH_TURNS; count += 1) {
    const next = acknowledged(at.driver, at.registers, setting) ?? turn(at.driver, at.registers, setting);
    if (!next && isDone(at.driver) && setting.plant.moves(at.registers) === undefined) return true;
    const shown = next ?? poll(at.driver, at.registers, setting, false);
    if (!shown) break;
    at = shown;
  }
  return false;
}
