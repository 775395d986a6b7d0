/**
 * What the driver tells the door `mayWrite` and the sequences: the state of this moment, wear and budgets, values found.
 */
import type { Order } from '../../contracts/operation.ts';
import type { ScaleFactor } from '../../contracts/profile.ts';
import { drillEndsAtMs } from '../../machines/device/drill.ts';
import type { Passage } from '../../machines/device/helm.ts';
import type { WriteRequest, WriteState } from '../../machines/device/may-write.ts';
import type { Situation } from '../../machines/device/posture.ts';
import type { SequenceValues, Transaction } from '../../machines/device/sequence.ts';
import { firmwareChanged, numberAt } from './situation.ts';
import { permitSeen } from './cockpit.ts';
import type { Cockpit } from './cockpit.ts';
import { intervalOf } from './intervals.ts';

/** The state in which the door judges one transaction of a passage. */
export function writeStateOf(
  cockpit: Cockpit,
  situation: Situation,
  passage: Pick<Passage, 'transactions'>,
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
    latched: context.estopped || cockpit.unwatched,
    tripped: context.trip !== undefined || context.fault !== undefined,
    epoch: cockpit.epoch,
    permit: permitSeen(cockpit),
    telemetryAgeMs: cockpit.frame ? nowMs - cockpit.frame.receivedAtMs : Number.POSITIVE_INFINITY,
    staleAfterMs: cockpit.input.staleAfter.fast,
    firmwareAccepted: !firmwareChanged(cockpit),
    originalsSaved: cockpit.originals.state === 'saved',
    scalesProven: scalesProven(cockpit, scales),
    ...intervalOf(cockpit, situation, passage),
    withinBudget: withinBudget(cockpit, nowMs),
    drill: cockpit.drill && { endsAtMs: drillEndsAtMs(cockpit.drill), maxW: Math.abs(cockpit.drill.w) },
  };
}

/** Flash wears: a register with a budget is written for power only so often a day. Stops are counted, never refused. */
function withinBudget({ wear, input }: Cockpit, nowMs: number): boolean {
  return Object.entries(wear).every(([point, times]) => {
    const budget = input.profile.points[point]?.writable?.budgetPerDay;
    return budget === undefined || times.filter((at) => at > nowMs - DAY_MS).length < budget;
  });
}

/**
 * Whether arming an order again and again until its end would use up a budget: then it is not begun (control rules 1).
 * What is written on change only is not written again.
 */
export function withinBudgetToItsEnd({ wear, input, clock }: Cockpit, order: Order): boolean {
  const { profile } = input;
  const { sequences, deadman } = profile.control ?? {};
  const nowMs = clock.now();
  const lastsMs = Math.min(order.expiresAtMs - nowMs, DAY_MS);
  const times = deadman ? 1 + Math.max(0, Math.floor(lastsMs / deadman.rearmMs)) : 1;
  const steps = (order.w < 0 ? sequences?.charge : sequences?.discharge) ?? [];
  return steps.every(({ set }) =>
    Object.keys(set).every((point) => {
      const { persistent = false, writeOnChange = persistent, budgetPerDay } = profile.points[point]?.writable ?? {};
      if (budgetPerDay === undefined || writeOnChange || persistent) return true;
      const worn = (wear[point] ?? []).filter((at) => at > nowMs - DAY_MS).length;
      return worn + times <= budgetPerDay;
    }),
  );
}

export function countWear(cockpit: Cockpit, points: readonly string[]): void {
  const nowMs = cockpit.clock.now();
  for (const point of points) {
    const { persistent, budgetPerDay } = cockpit.input.profile.points[point]?.writable ?? {};
    if (!persistent && budgetPerDay === undefined) continue;
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
  const { drill } = cockpit;
  if (drill && kind === 'power')
    return { kind, purpose: 'drill', targetW, order: { epoch: drill.epoch, expiresAtMs: drillEndsAtMs(drill) } };
  const order = cockpit.operation?.getSnapshot().context.order;
  return order
    ? { kind, purpose, targetW, order: { epoch: order.epoch, expiresAtMs: order.expiresAtMs } }
    : { kind, purpose, targetW };
}

export function sequenceValuesOf(cockpit: Cockpit): SequenceValues {
  const { originals, input } = cockpit;
  const permit = permitSeen(cockpit);
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
