/**
 * What the driver tells the door `mayWrite` and the sequences: the state of this moment, wear and budgets, values found.
 */
import type { ScaleFactor } from '../../contracts/profile.ts';
import type { WriteRequest, WriteState } from '../../machines/device/may-write.ts';
import type { Situation } from '../../machines/device/posture.ts';
import type { SequenceValues, Transaction } from '../../machines/device/sequence.ts';
import { firmwareChanged, numberAt } from './cockpit.ts';
import type { Cockpit } from './cockpit.ts';

/** The state in which the door judges one transaction. */
export function writeStateOf(
  cockpit: Cockpit,
  situation: Situation,
  { scales }: Pick<Transaction, 'scales'>,
): WriteState {
  const { nowMs, context } = situation;
  return {
    nowMs,
    leaseHeld: cockpit.lease.held,
    identityProven: cockpit.identityProven,
    readOnly: situation.readOnly,
    shadow: situation.shadow,
    maintenance: context.maintenance !== undefined,
    local: situation.local,
    latched: context.estopped,
    tripped: context.trip !== undefined || context.fault !== undefined,
    epoch: cockpit.epoch,
    permit: cockpit.permit,
    telemetryAgeMs: cockpit.frame ? nowMs - cockpit.frame.receivedAtMs : Number.POSITIVE_INFINITY,
    staleAfterMs: cockpit.input.staleAfter.fast,
    firmwareAccepted: !firmwareChanged(cockpit),
    originalsSaved: cockpit.originals.state === 'saved',
    scalesProven: scalesProven(cockpit, scales),
    sinceLastPowerWriteMs: situation.sinceLastPowerWriteMs,
    minWriteIntervalMs: situation.minWriteIntervalMs,
    withinBudget: withinBudget(cockpit, nowMs),
  };
}

/** Flash wears: a persistent register is written for power only so often a day. Stops are counted, never refused. */
function withinBudget({ wear, input }: Cockpit, nowMs: number): boolean {
  return Object.entries(wear).every(([point, times]) => {
    const budget = input.profile.points[point]?.writable?.budgetPerDay;
    return budget === undefined || times.filter((at) => at > nowMs - DAY_MS).length < budget;
  });
}

export function countWear(cockpit: Cockpit, points: readonly string[]): void {
  const nowMs = cockpit.clock.now();
  for (const point of points) {
    if (!cockpit.input.profile.points[point]?.writable?.persistent) continue;
    const recent = (cockpit.wear[point] ?? []).filter((at) => at > nowMs - DAY_MS);
    cockpit.wear = { ...cockpit.wear, [point]: [...recent, nowMs] };
  }
}

const DAY_MS = 86_400_000;

export function requestOf(
  cockpit: Cockpit,
  kind: WriteRequest['kind'],
  purpose: WriteRequest['purpose'],
  targetW: number,
): WriteRequest {
  const order = cockpit.operation?.getSnapshot().context.order;
  return order
    ? { kind, purpose, targetW, order: { epoch: order.epoch, expiresAtMs: order.expiresAtMs } }
    : { kind, purpose, targetW };
}

export function sequenceValuesOf(cockpit: Cockpit): SequenceValues {
  const { permit, originals, input } = cockpit;
  return {
    powerW: 0,
    heartbeat: (cockpit.heartbeat % LARGEST_HEARTBEAT) + 1,
    originals: originals.values,
    permit: { charge: permit?.maxChargeW ?? 0, discharge: permit?.maxDischargeW ?? 0 },
    found: (point) => numberAt(cockpit, point),
    allowShutdown: input.asset.allowShutdown,
  };
}

/** Never the marker of a 16-bit register. */
const LARGEST_HEARTBEAT = 65_000;

function scalesProven({ scaleProof, exchanges }: Cockpit, scales: readonly ScaleFactor[]): boolean {
  return scales.every(({ register }) => scaleProof?.exchanges === exchanges && scaleProof.registers.includes(register));
}
