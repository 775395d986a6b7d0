/**
 * Pure decisions tried with every combination of their classes, each against its rule written out once more: the door, the
 * guard, sharing.
 */
import { limitsSchema } from '../contracts/limits.ts';
import type { Permit } from '../contracts/permit.ts';
import { assetSchema } from '../contracts/site-config.ts';
import type { Sample, TelemetryFrame } from '../contracts/telemetry.ts';
import type { WriteRequest, WriteState } from '../machines/device/may-write.ts';
import type { GuardConfig } from '../machines/guard/guard.ts';
import { UNJUDGED } from '../machines/guard/guard.ts';
import type { Unit } from '../machines/site/sharing.ts';
import lfpFile from '../profiles/limits/lfp.json' with { type: 'json' };
import type { Parts } from './parts.ts';
import type { Verdict } from './search.ts';

/** Tries every combination; `judge` names the rule that one breaks. */
function enumerate<Case>(name: string, cases: Iterable<Case>, judge: (one: Case) => string | undefined): Verdict {
  let states = 0;
  for (const one of cases) {
    states += 1;
    const invariant = judge(one);
    const violation = invariant === undefined ? undefined : { invariant, trace: [JSON.stringify(one)] };
    if (violation) return { name, states, transitions: 0, depth: 0, cuts: {}, complete: false, violation };
  }
  return { name, states, transitions: 0, depth: 0, cuts: {}, complete: true, violation: undefined };
}

/** Every combination of the alternatives of each field. */
function* combinations<Shape extends object>(alternatives: {
  readonly [Key in keyof Shape]: readonly Shape[Key][];
}): Generator<Shape> {
  const entries = Object.entries(alternatives) as [keyof Shape, readonly Shape[keyof Shape][]][];
  const current = {} as Shape;
  yield* from(0);
  function* from(at: number): Generator<Shape> {
    const entry = entries[at];
    if (!entry) return yield { ...current };
    for (const value of entry[1]) {
      current[entry[0]] = value;
      yield* from(at + 1);
    }
  }
}

const NO_YES = [false, true];
const NOW = 10;
const permit = (maxW: number, expiresAtMs = 11, epoch = 2): Permit => ({
  assetId: 'a',
  epoch,
  maxChargeW: maxW,
  maxDischargeW: maxW,
  expiresAtMs,
  reasons: { charge: [], discharge: [] },
});

const STATES: { readonly [Key in keyof WriteState]: readonly WriteState[Key][] } = {
  nowMs: [NOW],
  leaseHeld: NO_YES,
  identityProven: NO_YES,
  readOnly: NO_YES,
  shadow: NO_YES,
  maintenance: NO_YES,
  local: NO_YES,
  latched: NO_YES,
  tripped: NO_YES,
  epoch: [2],
  permit: [
    undefined,
    permit(5000),
    permit(400),
    permit(0),
    permit(Number.POSITIVE_INFINITY),
    permit(5000, NOW),
    permit(5000, 11, 1),
  ],
  telemetryAgeMs: [1, 2],
  staleAfterMs: [1, Number.POSITIVE_INFINITY],
  firmwareAccepted: NO_YES,
  originalsSaved: NO_YES,
  scalesProven: NO_YES,
  sinceLastPowerWriteMs: [0, 1],
  minWriteIntervalMs: [1],
  withinBudget: NO_YES,
};

const ORDERS = [
  undefined,
  { epoch: 2, expiresAtMs: 11 },
  { epoch: 2, expiresAtMs: NOW },
  { epoch: 1, expiresAtMs: 11 },
];
const REQUESTS: readonly WriteRequest[] = [
  { kind: 'safe', purpose: 'estop', targetW: 0 },
  { kind: 'safe', purpose: 'hold', targetW: 0 },
  { kind: 'power', purpose: 'release', targetW: 0 },
  ...(['order', 'rearm'] as const).flatMap((purpose) =>
    [1000, -1000].flatMap((targetW) =>
      ORDERS.map((order) => ({ kind: 'power' as const, purpose, targetW, ...(order ? { order } : {}) })),
    ),
  ),
];

/** The door, by control rules 1: the other way round than mayWrite, as one list of what must hold. */
export function doorTable({ mayWrite }: Parts): Verdict {
  return enumerate('door', combinations(STATES), (state) => {
    for (const request of REQUESTS) {
      const { allowed } = mayWrite(request, state);
      if (allowed === passes(request, state)) continue;
      return `${request.kind} write for ${request.purpose} of ${request.targetW} W: ${allowed ? 'allowed' : 'refused'}, against control rules 1; order ${JSON.stringify(request.order)}`;
    }
    return undefined;
  });
}

function passes({ kind, purpose, targetW, order }: WriteRequest, s: WriteState): boolean {
  const safe = s.leaseHeld && s.identityProven && !s.readOnly && !s.maintenance && (!s.local || purpose === 'estop');
  if (kind === 'safe' || !safe) return safe;
  const { permit: given } = s;
  const live = given !== undefined && given.epoch === s.epoch && given.expiresAtMs > s.nowMs;
  const room = !live || !Number.isFinite(given.maxChargeW) ? 0 : targetW < 0 ? given.maxChargeW : given.maxDischargeW;
  const ordered = order !== undefined && order.epoch === s.epoch && order.expiresAtMs > s.nowMs;
  const covered = purpose === 'release' ? room > 0 : ordered && Math.abs(targetW) <= room;
  const fresh = s.telemetryAgeMs <= s.staleAfterMs && s.staleAfterMs < Number.POSITIVE_INFINITY;
  const due = purpose === 'rearm' || s.sinceLastPowerWriteMs >= s.minWriteIntervalMs;
  const trusted = s.firmwareAccepted && s.originalsSaved && s.scalesProven && s.withinBudget && !s.shadow;
  return !s.latched && !s.tripped && live && covered && fresh && due && trusted;
}

const STALE_AT = 100;
const lfp = limitsSchema.parse(lfpFile);
const config: GuardConfig = {
  asset: assetSchema.parse({
    id: 'a',
    profile: 'p',
    modbus: { host: 'h' },
    capacityWh: 10_000,
    maxChargePowerW: 10_000,
    maxDischargePowerW: 10_000,
  }),
  limits: lfp,
  caps: { chargeW: 1e9, dischargeW: 1e9, deadman: { state: 'proven', timeMs: 0, maxW: 1e9 }, why: [] },
  nominalVoltageV: 230,
  voltagePct: [85, 110],
  frequencyHz: [47.5, 51.5],
};

const ONE_WAY = Math.sqrt(config.asset.efficiency);

type GuardCase = {
  readonly soc: number | undefined;
  readonly celsius: number | undefined;
  readonly alarm: boolean;
  readonly insulation: boolean;
  /** The device is told AC power. */
  readonly acSetpoint: boolean;
  readonly latched: boolean;
  readonly tripped: boolean;
  readonly ageMs: number;
};

/** Both sides of every threshold of state of charge and temperature, missing, and stale. */
const GUARD_CASES: { readonly [Key in keyof GuardCase]: readonly GuardCase[Key][] } = {
  soc: [undefined, 2, 4.9, 5, 5.1, 9.9, 10.1, 12, 50, 92, 94.9, 95, 98, 100],
  celsius: [undefined, -25, -20, -10, -0.1, 0, 0.1, 5, 25, 44.9, 45, 49.9, 50, 54.9, 55, 60],
  alarm: NO_YES,
  insulation: NO_YES,
  acSetpoint: NO_YES,
  latched: NO_YES,
  tripped: NO_YES,
  ageMs: [0, STALE_AT + 1],
};

/** What the compositions assume of the guard. */
export function guardTable({ judge }: Parts): Verdict {
  return enumerate('permits', combinations(GUARD_CASES), (one) => {
    const { soc, celsius, latched, tripped, alarm, insulation, acSetpoint, ageMs } = one;
    const before = { ...UNJUDGED, tripped };
    const ceiling = { chargeW: 20_000, dischargeW: 20_000 };
    const asset = { ...config, acSetpoint };
    const { permit: given, trip } = judge(before, frameOf(one), ceiling, asset, { epoch: 7, latched }, ageMs);
    const { maxChargeW, maxDischargeW, expiresAtMs, epoch } = given;
    const live = expiresAtMs > ageMs && maxChargeW + maxDischargeW > 0;
    if (epoch !== 7) return 'a permit bears the epoch of the latch';
    if (live && latched) return 'no permit under the latch';
    if (live && (tripped || trip !== undefined)) return 'no permit for an asset that tripped';
    if (live && alarm) return 'no permit while the device reports what must stop it';
    if (live && insulation) return 'no permit while the insulation has failed';
    if (live && (ageMs > STALE_AT || expiresAtMs > STALE_AT)) return 'a permit ends with the first of its inputs';
    if (live && celsius === undefined) return 'no permit without a temperature';
    if (live && soc === undefined) return 'no permit without a state of charge';
    if (!(maxChargeW >= 0 && maxChargeW <= 10_000 && maxDischargeW >= 0 && maxDischargeW <= 10_000))
      return 'a permit is a number from 0 to the rating';
    if (acSetpoint && maxDischargeW > ONE_WAY * 10_000 + 1e-9)
      return 'a permit for AC power leaves room for the losses of the battery';
    if (maxDischargeW > 0 && Number(soc) <= 5) return 'no discharge at the critical state of charge';
    if (maxChargeW > 0 && Number(soc) >= 98) return 'no charge at the critical state of charge';
    if (maxChargeW > 0 && Number(celsius) <= 0) return 'no charge at freezing';
    if (live && Number(celsius) >= 50) return 'no permit for a hot battery';
    const mustTrip = Number(celsius) >= 55 && ageMs === 0 && !tripped;
    return mustTrip && trip === undefined ? 'a battery of 55 °C trips' : undefined;
  });
}

function frameOf({ soc, celsius, alarm, insulation }: GuardCase): TelemetryFrame {
  const of = (...values: readonly (number | undefined)[]): readonly Sample[] =>
    values.flatMap((value) =>
      value === undefined ? [] : [{ value, quality: 'good', receivedAtMs: 0, staleAtMs: STALE_AT }],
    );
  return {
    assetId: 'a',
    seq: 1,
    receivedAtMs: 0,
    wallMs: 0,
    points: {},
    readings: {
      socPct: of(soc),
      temperatureC: of(celsius),
      cellVoltageMaxV: of(3.35),
      cellVoltageMinV: of(3.25),
      cellSpreadMv: of(20),
      maxChargeNowW: of(50_000),
      maxDischargeNowW: of(50_000),
      gridVoltageV: of(230),
      gridFrequencyHz: of(50),
      contactorOpen: of(0),
      insulationFault: of(Number(insulation)),
      alarms: of(0),
      inverterState: of(512),
    },
    alarms: alarm
      ? [{ name: 'arc', severity: 'major', effect: 'stop' } as unknown as TelemetryFrame['alarms'][number]]
      : [],
    inverter: 'running',
    offGrid: false,
  };
}

const UNITS: readonly Unit[] = [
  ...combinations<Omit<Unit, 'id'>>({ roomW: [0, 100, 1000], energyWh: [0, 1, 400, Number.NaN], minPowerW: [0, 200] }),
].map((unit, at) => ({ ...unit, id: String(at) }));

/** Sharing gives nobody more than fits, nothing in the other direction, and no more than was asked. */
export function sharingTable({ share }: Parts): Verdict {
  const cases = combinations<{ a: number; b: number; powerW: number }>({
    a: UNITS.map((_, at) => at),
    b: UNITS.map((_, at) => at),
    powerW: [0, 50, 250, 1500, 1e6],
  });
  return enumerate('sharing', cases, ({ a, b, powerW }) => {
    const units = [a, b].map((at, place) => ({ ...(UNITS[at] as Unit), id: String(place) }));
    const shares = share(units, powerW, 3600);
    const total = shares.reduce((sum, { finalW }) => sum + finalW, 0);
    if (total > powerW + 1e-9) return 'the shares are no more than was asked';
    for (const [at, { finalW }] of shares.entries()) {
      const { roomW = 0, energyWh = 0, minPowerW = 0 } = units[at] ?? {};
      if (!(finalW >= 0)) return 'no share goes the other way';
      if (finalW > roomW + 1e-9) return 'no share exceeds its room';
      if (finalW > energyWh + 1e-9) return 'no share exceeds the energy that is there';
      if (finalW > 0 && finalW < minPowerW) return 'no share is below the least power';
    }
    return undefined;
  });
}
