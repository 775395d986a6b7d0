/**
 * Writing to the device: ends orders that must end, asks the helm, passes the door, writes, and records each of it.
 */
import { codeOf, Fault } from '../../contracts/faults.ts';
import type { Code } from '../../contracts/faults.ts';
import type { Order } from '../../contracts/operation.ts';
import type { DevicePort } from '../../contracts/ports.ts';
import type { AuditEntry } from '../../contracts/reports.ts';
import { traceField } from '../../contracts/trace.ts';
import { expectEffect } from '../../machines/device/effect.ts';
import { kindOf, notWritten, setAside, steer, written } from '../../machines/device/helm.ts';
import type { Course, Passage } from '../../machines/device/helm.ts';
import { mayWrite } from '../../machines/device/may-write.ts';
import { isCarriedOut } from '../../machines/device/order-answer.ts';
import { endOfOrder, inReference, samePosture, wantedPosture } from '../../machines/device/posture.ts';
import type { Posture, Situation } from '../../machines/device/posture.ts';
import type { Transaction } from '../../machines/device/sequence.ts';
import { boundOf } from './cockpit.ts';
import { hasBeenSilent, knownValue, operationOf, orderOf, situationOf } from './situation.ts';
import type { Cockpit } from './cockpit.ts';
import { countWear, requestOf, sequenceValuesOf, writeStateOf } from './door.ts';
import { drillPosture } from './drill.ts';
import { expect, expectStanding, restoresAll } from './expecting.ts';
import { noteWrite } from './intervals.ts';
import { endOrder, orderPhase } from './orders.ts';
import { awaitsRecord, originalsRestored, saveOriginals } from './originals.ts';
import { proveScales } from './scales.ts';
import { noteSetpoint } from './setpoint.ts';
import { proveSerial, serialProven } from './serial-proof.ts';

/** Makes the one next write, if there is one; true when it did anything, so that the caller asks again. */
export async function writeNext(cockpit: Cockpit, port: DevicePort): Promise<boolean> {
  if (!cockpit.frame || cockpit.frame.receivedAtMs < cockpit.firstPollAtMs) {
    // Nothing is written before the device has shown itself, but for a stop that somebody waits for.
    if (operationOf(cockpit) !== 'tripped') return false;
  }
  const situation = situationOf(cockpit);
  const { order } = situation.context;
  if (endOverdue(cockpit, situation)) return true;
  const { wanted, course } = courseOf(cockpit, situation);
  const before = cockpit.helm.posture;
  cockpit.helm = course.state;
  if (course.go === 'stuck') return stuck(cockpit, wanted, course.missing);
  if (course.go === 'stay') {
    if (course.found) expect(cockpit, { values: course.found });
    // The last steps of a sequence may have been left out, because the registers held their values.
    if (course.completed) completed(cockpit, course.completed, order, samePosture(before, course.completed.to));
    arrived(cockpit, wanted);
    noteSetpoint(cockpit);
    return false;
  }
  return pass(cockpit, port, situation, course.passage, course.transaction);
}

/** Whether there is anything for which a connection that was closed between two polls must be opened before the next one. */
export function wantsToWrite(cockpit: Cockpit): boolean {
  const situation = situationOf(cockpit);
  return mustEnd(cockpit, situation) !== undefined || courseOf(cockpit, situation).course.go !== 'stay';
}

/** Ends the order under way where it must end now; true when it did. */
function endOverdue(cockpit: Cockpit, situation: Situation): boolean {
  const { order } = situation.context;
  const code = mustEnd(cockpit, situation);
  if (order && code !== undefined) endOrder(cockpit, order, code);
  return code !== undefined;
}

/** Why the order under way must end now; undefined also where there is none. */
export function mustEnd(cockpit: Cockpit, situation: Situation): Code | undefined {
  const { order } = situation.context;
  if (!order) return undefined;
  return hasBeenSilent(cockpit) ? 'CONTROL_SILENT' : endOfOrder(situation, order);
}

export function courseOf(
  cockpit: Cockpit,
  situation: Situation,
): { readonly wanted: Posture; readonly course: Course } {
  const wanted = drillPosture(cockpit) ?? wantedPosture(situation);
  const course = steer({
    state: cockpit.helm,
    wanted,
    nowMs: situation.nowMs,
    profile: boundOf(cockpit).profile,
    values: sequenceValuesOf(cockpit),
    known: (point) => knownValue(cockpit, point),
    untouched: cockpit.originals.state === 'clean' && !situation.forced,
  });
  return { wanted, course };
}

/** Writes the transaction where the door lets it; true when anything was done. */
export async function pass(
  cockpit: Cockpit,
  port: DevicePort,
  situation: Situation,
  passage: Passage,
  transaction: Transaction,
): Promise<boolean> {
  const kind = kindOf(passage.sequence);
  const targetW = passage.to.kind === 'power' ? passage.to.w : 0;
  // For power also where nothing persistent is written: the record says which firmware was accepted.
  if (kind === 'power' || passage.transactions.some(({ persistent }) => persistent)) saveOriginals(cockpit);
  if (passage.sequence === 'hold' && awaitsRecord(cockpit, situation)) {
    cockpit.helm = setAside(cockpit.helm);
    return false;
  }
  const verdict = mayWrite(
    requestOf(cockpit, kind, passage.purpose, targetW),
    writeStateOf(cockpit, situation, passage, transaction),
  );
  if (verdict.allowed && kind === 'power' && passage.at === 0 && !serialProven(cockpit)) {
    await proveSerial(cockpit, port);
    return true;
  }
  if (!verdict.allowed && verdict.code === 'SCALE_UNPROVEN') {
    // Everything is asked again after it: the situation may be another one then.
    await proveScales(cockpit, port, transaction.scales);
    return true;
  }
  if (!verdict.allowed) return refused(cockpit, passage, transaction, verdict.code);
  const askedAtMs = cockpit.clock.now();
  try {
    const answer = port.write(transaction.register, transaction.words, transaction.functionCode);
    // From here on the device may take the value, whatever happens to the answer.
    expect(cockpit, transaction, askedAtMs);
    await answer;
  } catch (error) {
    audit(cockpit, passage, transaction, 'failed', codeOf(error, 'CONNECTION_CLOSED'));
    if (!(error instanceof Fault) || error.code !== 'DEVICE_EXCEPTION') throw error;
    return failed(cockpit, passage, transaction);
  }
  acknowledged(cockpit, passage, transaction, { askedAtMs, order: situation.context.order });
  return true;
}

function acknowledged(
  cockpit: Cockpit,
  passage: Passage,
  transaction: Transaction,
  { askedAtMs, order }: { readonly askedAtMs: number; readonly order: Order | undefined },
): void {
  const nowMs = cockpit.clock.now();
  // Read-back counts from the acknowledgement on.
  expect(cockpit, transaction);
  audit(cockpit, passage, transaction, 'written', passage.purpose, (nowMs - askedAtMs) / 1000);
  countWear(cockpit, Object.keys(transaction.values));
  noteWrite(cockpit, Object.keys(transaction.values), passage);
  // A newer situation may have taken over while the answer was under way.
  if (cockpit.helm.passage !== passage) return;
  const repeated = samePosture(cockpit.helm.posture, passage.to);
  cockpit.helm = written(cockpit.helm, nowMs);
  if (cockpit.helm.passage === undefined) completed(cockpit, passage, order, repeated);
}

/**
 * A whole sequence is written; `repeated` where the device was there already (re-armed, re-asserted). `order` was under way
 * when its last write was asked for: one that came since is not written by it.
 */
function completed(cockpit: Cockpit, passage: Passage, order: Order | undefined, repeated: boolean): void {
  const { to } = passage;
  const nowMs = cockpit.clock.now();
  const { asset } = cockpit.input;
  expectStanding(cockpit, passage);
  // The interval counts from one complete sequence to the next: its own writes belong together.
  if (kindOf(passage.sequence) === 'power') {
    cockpit.lastPowerWriteAtMs = nowMs;
    cockpit.heartbeat += 1;
    // Re-armed is what stands, which may be the power of the order before.
    if (passage.purpose === 'order') cockpit.writtenFor = order;
  }
  if (repeated) return;
  if (to.kind === 'power') {
    if (cockpit.effect?.targetW !== to.w) cockpit.effect = expectEffect(to.w, nowMs);
  } else if (to.kind === 'release') {
    cockpit.effect = undefined;
    if (passage.sequence === 'release' && to.charge && to.discharge && restoresAll(cockpit)) originalsRestored(cockpit);
  } else if (cockpit.effect?.targetW !== 0) {
    cockpit.effect = expectEffect(0, nowMs);
  }
  if (to.kind === 'estop') {
    cockpit.stoppedAtMs = nowMs;
    cockpit.send('estop', { type: 'STOP_PROGRESS', assetId: asset.id, stage: 'written' } as { type: string });
  }
  arrived(cockpit, to);
}

/** The device is where it is wanted: the order is written, an orderly stop is over. */
function arrived(cockpit: Cockpit, wanted: Posture): void {
  const { posture } = cockpit.helm;
  if (!posture || !samePosture(posture, wanted)) return;
  const order = orderOf(cockpit);
  if (operationOf(cockpit) === 'stopping') {
    if (posture.kind !== 'hold') return;
    if (order) orderPhase(cockpit, order, { phase: 'stopped', code: 'STOPPED' });
    cockpit.operation?.send({ type: 'HELD' });
  } else if (order && cockpit.announced !== order) {
    const situation = situationOf(cockpit);
    const isOwn = cockpit.writtenFor === order;
    if (!isCarriedOut(situation, order, isOwn)) return;
    cockpit.announced = order;
    const writtenW = inReference(situation, order, posture.kind === 'power' ? posture.w : 0);
    if (orderPhase(cockpit, order, { phase: 'written', writtenW })) cockpit.answeredOrder = order.id;
  }
}

function refused(cockpit: Cockpit, passage: Passage, transaction: Transaction, code: Code): boolean {
  const order = orderOf(cockpit);
  if (passage.to.kind === 'estop')
    cockpit.send('estop', { type: 'STOP_PROGRESS', assetId: cockpit.input.asset.id, stage: 'refused', code } as {
      type: string;
    });
  // Waiting for the disk or the interval is no refusal of the order; the session asks again.
  if (code === 'ORIGINALS_UNSAVED' || code === 'WRITE_INTERVAL') {
    cockpit.helm = setAside(cockpit.helm);
    return false;
  }
  audit(cockpit, passage, transaction, 'refused', code);
  cockpit.helm = notWritten(cockpit.helm);
  if (order && passage.to.kind === 'power') endOrder(cockpit, order, code);
  return order !== undefined && passage.to.kind === 'power';
}

function failed(cockpit: Cockpit, passage: Passage, transaction: Transaction): boolean {
  const order = orderOf(cockpit);
  cockpit.helm = notWritten(cockpit.helm);
  cockpit.expectations = Object.fromEntries(
    Object.entries(cockpit.expectations).filter(([point]) => !(point in transaction.values)),
  );
  if (order && passage.to.kind === 'power') endOrder(cockpit, order, 'DEVICE_REFUSED');
  return true;
}

function stuck(cockpit: Cockpit, wanted: Posture, missing: string): boolean {
  const { board, asset } = cockpit.input;
  const order = orderOf(cockpit);
  board.alarm(
    'posture-unreachable',
    true,
    'P2',
    `the device cannot be brought to ${wanted.kind}: the value of ${missing} is not known`,
    asset.id,
  );
  if (order && wanted.kind === 'power') endOrder(cockpit, order, 'ORIGINALS_UNSAVED');
  return order !== undefined && wanted.kind === 'power';
}

/** The next moment, beside the poll, at which something may have to be written. */
export function nextDeadline(cockpit: Cockpit): number {
  const { nowMs, context, posture, minWriteIntervalMs, restsUntilMs } = situationOf(cockpit);
  const { control } = cockpit.input.profile;
  const moments = [context.order?.expiresAtMs, cockpit.permit?.expiresAtMs, restsUntilMs];
  if (posture?.kind === 'power')
    moments.push(
      cockpit.lastPowerWriteAtMs + minWriteIntervalMs,
      cockpit.helm.armedAtMs + (control?.deadman?.rearmMs ?? Number.POSITIVE_INFINITY),
    );
  return Math.min(...moments.filter((at) => at !== undefined && at > nowMs).map(Number));
}

export function audit(
  cockpit: Cockpit,
  passage: Passage,
  transaction: Transaction,
  outcome: AuditEntry['outcome'],
  reason: string,
  tookS?: number,
): void {
  const { board, asset } = cockpit.input;
  const order = orderOf(cockpit);
  const w = passage.to.kind === 'power' ? passage.to.w : undefined;
  const permittedW =
    w === undefined || !cockpit.permit ? null : w < 0 ? cockpit.permit.maxChargeW : cockpit.permit.maxDischargeW;
  board.report({
    type: 'AUDIT',
    entry: {
      ts: board.timestamp(),
      seq: board.nextSeq(),
      asset_id: asset.id,
      kind: kindOf(passage.sequence),
      sequence: passage.sequence,
      register: transaction.register,
      words: transaction.words,
      requested_w: order?.w ?? null,
      permitted_w: permittedW,
      order_id: order?.id ?? null,
      outcome,
      reason,
      ...traceField(order?.trace),
    },
    ...(tookS === undefined ? {} : { took_s: tookS }),
  });
}
