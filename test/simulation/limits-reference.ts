/**
 * The limits of a battery as the control rules (section 3) put them, written a second time: plain, slow and apart from the
 * shipped guard, so that the two can contradict each other.
 *
 * It answers "what is the most that a correct controller could have allowed, knowing these values". It may allow more than
 * the guard (which also doubts jumps and frozen values), never less.
 */

/** What was shown of one device, by name, and when; `undefined` where the device showed no value. */
export type Shown = ReadonlyMap<string, { readonly value: number | undefined; readonly atMs: number }>;

export type Rules = {
  readonly baseW: number;
  readonly capW: number;
  readonly capacityWh: number;
  /** From which age a value counts as missing. */
  readonly staleMs: { readonly fast: number; readonly slow: number };
  /** Names of the values that this kind of device shows; those of `slow` are polled seldom. */
  readonly socs: readonly string[];
  readonly hottest: readonly string[];
  readonly coldest: readonly string[];
  readonly cells: readonly string[];
  readonly volts: readonly string[];
  readonly hertz: readonly string[];
  readonly alarms: readonly string[];
};

/** Rows that stay engaged until their release value is passed, and since when the grid is inside its window again, until that is long enough. */
export type Memory = { readonly engaged: ReadonlyMap<string, boolean>; readonly gridBackAtMs: number | undefined };

export const NO_MEMORY: Memory = { engaged: new Map(), gridBackAtMs: undefined };

export type Allowed = {
  readonly chargeW: number;
  readonly dischargeW: number;
  readonly memory: Memory;
  readonly trip: boolean;
};

type Row = readonly [name: string, value: number, engagesAt: number, releasesAt: number];

const VOLTS = [0.85 * 230, 1.1 * 230] as const;
const HERTZ = [47.5, 51.5] as const;
const GRID_PAUSE_MS = 300_000;

export function allowed(rules: Rules, shown: Shown, before: Memory, nowMs: number): Allowed {
  const engaged = new Map<string, boolean>();
  const read = (names: readonly string[], staleMs: number): readonly number[] | undefined => {
    const values = names.map((name) => {
      const one = shown.get(name);
      return one && nowMs - one.atMs <= staleMs ? one.value : undefined;
    });
    return values.every((value) => value !== undefined) ? values : undefined;
  };
  /** Engages at or beyond the action, releases beyond the release value; never judged and in between counts as engaged. */
  const holds = ([name, value, engagesAt, releasesAt]: Row): boolean => {
    const up = engagesAt > releasesAt;
    const isBeyond = up ? value >= engagesAt : value <= engagesAt;
    const isBack = up ? value < releasesAt : value > releasesAt;
    const now = isBeyond || (!isBack && (before.engaged.get(name) ?? true));
    engaged.set(name, now);
    return now;
  };
  let charge = 1;
  let discharge = 1;
  let leastChargeW = Infinity;
  const [soc] = read(rules.socs, rules.staleMs.fast) ?? [];
  if (soc === undefined) charge = discharge = 0;
  else {
    if (holds(['criticalLow', soc, 5, 10])) {
      discharge = 0;
      leastChargeW = 0.1 * rules.capacityWh;
    }
    if (holds(['low', soc, 10, 12])) discharge = 0;
    if (holds(['lowHalf', soc, 15, 17])) discharge = Math.min(discharge, 0.5);
    if (soc > 90) charge = Math.min(charge, Math.max(0.2, 1 - 0.8 * ((soc - 90) / 5)));
    if (holds(['high', soc, 95, 93])) charge = 0;
    if (holds(['criticalHigh', soc, 98, 95])) charge = 0;
  }
  const coldest = read(rules.coldest, rules.staleMs.slow);
  const hottest = read(rules.hottest, rules.staleMs.slow);
  let trip = false;
  if (!coldest || !hottest) charge = discharge = 0;
  else {
    const [cold, hot] = [Math.min(...coldest), Math.max(...hottest)];
    if (holds(['plating', cold, 0, 2])) charge = 0;
    if (cold < 10) charge = Math.min(charge, Math.max(0, cold / 10));
    if (holds(['cold', cold, -10, -7])) discharge = Math.min(discharge, 0.5);
    if (holds(['frozen', cold, -20, -17])) discharge = 0;
    if (holds(['warm', hot, 45, 42])) [charge, discharge] = [Math.min(charge, 0.5), Math.min(discharge, 0.5)];
    if (holds(['hot', hot, 50, 45])) charge = discharge = 0;
    trip = hot >= 55;
  }
  const cells = rules.cells.length > 0 ? read(rules.cells, rules.staleMs.fast) : [3.3];
  if (!cells) charge = discharge = 0;
  else {
    if (holds(['cellHigh', Math.max(...cells), 3.65, 3.6])) charge = 0;
    if (holds(['cellLow', Math.min(...cells), 2.5, 2.55])) discharge = 0;
  }
  const [alarm] = [read(rules.alarms, rules.staleMs.fast)];
  if (!alarm || alarm.some((bits) => bits !== 0)) charge = discharge = 0;
  const gridBackAtMs = gridSince(
    read(rules.volts, rules.staleMs.fast),
    read(rules.hertz, rules.staleMs.fast),
    before,
    Math.min(...[...rules.volts, ...rules.hertz].map((name) => shown.get(name)?.atMs ?? nowMs)),
    nowMs,
  );
  if (gridBackAtMs !== undefined) charge = discharge = 0;
  const [deviceChargeW = 0] = read(['chargeNowW'], rules.staleMs.fast) ?? [];
  const [deviceDischargeW = 0] = read(['dischargeNowW'], rules.staleMs.fast) ?? [];
  return {
    chargeW: Math.min(charge * rules.baseW, leastChargeW, deviceChargeW, rules.capW),
    dischargeW: Math.min(discharge * rules.baseW, deviceDischargeW, rules.capW),
    memory: { engaged: new Map([...before.engaged, ...engaged]), gridBackAtMs },
    trip,
  };
}

/** Infinity while it is outside, or while nobody sees it in the pause after that; undefined where nothing is waited for. */
function gridSince(
  volts: readonly number[] | undefined,
  hertz: readonly number[] | undefined,
  { gridBackAtMs }: Memory,
  /** When these were read; what was inside then has waited since then. */
  readAtMs: number,
  nowMs: number,
): number | undefined {
  if (!volts || !hertz) return gridBackAtMs === undefined ? undefined : Infinity;
  const inside =
    volts.every((v) => v >= VOLTS[0] && v <= VOLTS[1]) && hertz.every((hz) => hz >= HERTZ[0] && hz <= HERTZ[1]);
  if (!inside) return Infinity;
  const backAtMs = gridBackAtMs === undefined ? undefined : Math.min(gridBackAtMs, readAtMs);
  // Once released, the row is as if it had never engaged.
  return backAtMs !== undefined && nowMs - backAtMs >= GRID_PAUSE_MS ? undefined : backAtMs;
}
