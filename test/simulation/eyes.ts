/**
 * What a controller could know of one device: every reply that reached it, decoded a second time, apart from the profiles.
 *
 * A poll counts as known once the next one has begun; what the poll under way has shown may be known or not. Of a SunSpec
 * device what its sensors showed at those moments is taken instead.
 */
import type { SimulatedAsset } from '../../simulator/asset.ts';
import { allowed, NO_MEMORY } from './limits-reference.ts';
import type { Allowed, Memory, Rules } from './limits-reference.ts';
import type { DeviceSetting } from './schedule.ts';
import { INVERTER_STATE } from './sunspec-mark.ts';

type Names = Omit<Rules, 'baseW' | 'capW' | 'capacityWh' | 'staleMs'>;
type Point = readonly [name: string, register: number, type: 'u16' | 'i16' | 'u32', gain: number];

const HUAWEI_POINTS: readonly Point[] = [
  ['soc', 37_760, 'u16', 10],
  ['unit', 37_022, 'i16', 10],
  ['packMax', 38_452, 'i16', 10],
  ['packMin', 38_453, 'i16', 10],
  ['chargeNowW', 37_046, 'u32', 1],
  ['dischargeNowW', 37_048, 'u32', 1],
  ['alarm1', 32_008, 'u16', 1],
  ['alarm2', 32_009, 'u16', 1],
  ['alarm3', 32_010, 'u16', 1],
  ['state', 32_089, 'u16', 1],
  ['volts1', 32_069, 'u16', 10],
  ['volts2', 32_070, 'u16', 10],
  ['volts3', 32_071, 'u16', 10],
  ['hertz', 32_085, 'u16', 100],
];
const MARKERS = { u16: 0xffff, i16: 0x7fff, u32: 0xffff_ffff } as const;
/** Bits after which the device must not go on, from the vendor's list of alarms; and the states that are faults. */
const STOP_BITS: Readonly<Record<string, number>> = {
  alarm1: 0b100_0010,
  alarm2: 0b10_0001_0111,
  alarm3: 0b10_0001_0001_0100,
};
const FAULTS = [0x0300, 0x0302];
const HUAWEI: Names = {
  socs: ['soc'],
  hottest: ['unit', 'packMax', 'packMin'],
  coldest: ['unit', 'packMax', 'packMin'],
  cells: [],
  volts: ['volts1', 'volts2', 'volts3'],
  hertz: ['hertz'],
  alarms: ['alarm1', 'alarm2', 'alarm3', 'state'],
};
const SUNSPEC: Names = {
  socs: ['soc'],
  hottest: ['hot'],
  coldest: ['cold'],
  cells: ['cellMax', 'cellMin'],
  volts: ['volts'],
  hertz: ['hertz'],
  alarms: ['alarm'],
};
/** A read over this register begins a poll. */
const HUAWEI_MARK = 32_008;
const SLOW_POLL_MS = 3000;
/** Values of the slow polls are at most this old, while polls keep their rhythm. */
const SLOW_MS = 8000;
/** Temperatures are asked for in every fifth poll. */
const POLLS_TO_SEE_HEAT = 5;

export type Eyes = {
  /** A new connection: nothing that was seen before counts. */
  readonly opened: (nowMs: number) => void;
  readonly closed: () => void;
  readonly saw: (register: number, words: readonly number[], nowMs: number) => void;
  readonly refused: (register: number, count: number, nowMs: number) => void;
  /** The guard was away for a moment, or all is new. */
  readonly doubtUntil: (atMs: number) => void;
  readonly forgot: () => void;
  /** Sensors spike at single reads until then: of a SunSpec device nobody can tell which of them were met. */
  readonly spikes: (untilMs: number) => void;
  /** The most that may be written now; undefined where it cannot be told. */
  readonly most: (nowMs: number) => Allowed | undefined;
  /** When the first whole poll of this connection was known. */
  readonly contactAtMs: () => number | undefined;
  readonly identifiedAtMs: () => number | undefined;
  readonly lastSeenAtMs: () => number;
  /** Known for sure to have shown a cause to trip or to fail since this moment. */
  readonly causeAtMs: () => number | undefined;
  readonly forgetCause: () => void;
};

export function eyesOf(
  setting: DeviceSetting,
  mark: number | undefined,
  rules: Omit<Rules, keyof Names>,
  { state, shown }: Pick<SimulatedAsset, 'state' | 'shown'>,
): Eyes {
  const huawei = setting.face === 'huawei';
  const all: Rules = { ...rules, ...(huawei ? HUAWEI : SUNSPEC) };
  const markAt = mark ?? HUAWEI_MARK;
  /** The scan of a new connection reads whole models, headers and all, and is no poll. */
  const scannedAt = mark === undefined ? Number.NaN : mark - INVERTER_STATE;
  let known: Map<string, { value: number | undefined; atMs: number }> = new Map();
  let fresh: typeof known = new Map();
  let memory: Memory = NO_MEMORY;
  let identifiedAtMs: number | undefined;
  let markAtMs: number | undefined;
  let contactAtMs: number | undefined;
  let causeAtMs: number | undefined;
  let lastSeenAtMs = 0;
  let doubtUntilMs = 0;
  let spikesUntilMs = 0;
  let slow = false;
  let temperatures: { readonly atMs: number; readonly packsC: readonly number[] }[] = [];

  return {
    opened: reset,
    closed: () => reset(),
    saw(register, words, nowMs) {
      lastSeenAtMs = nowMs;
      const covers = (wanted: number): boolean => wanted >= register && wanted < register + words.length;
      if (!huawei || covers(30_015)) identifiedAtMs ??= nowMs;
      if (covers(markAt) && !covers(scannedAt)) began(nowMs);
      if (huawei) for (const [name, value] of decoded(register, words)) fresh.set(name, { value, atMs: nowMs });
    },
    refused(register, count, nowMs) {
      lastSeenAtMs = nowMs;
      if (markAt >= register && markAt < register + count) began(nowMs);
      if (!huawei) return;
      for (const [name, at] of HUAWEI_POINTS)
        if (at >= register && at < register + count) fresh.set(name, { value: undefined, atMs: nowMs });
    },
    doubtUntil: (atMs) => (doubtUntilMs = Math.max(doubtUntilMs, atMs)),
    forgot() {
      memory = NO_MEMORY;
    },
    spikes: (untilMs) => (spikesUntilMs = Math.max(spikesUntilMs, untilMs)),
    most(nowMs) {
      if (!huawei && (slow || spiked(nowMs))) return undefined;
      const sure = allowed(all, known, remembered(nowMs), nowMs);
      const maybe = allowed(all, new Map([...known, ...(huawei ? fresh : shownAt(nowMs))]), remembered(nowMs), nowMs);
      return {
        ...sure,
        chargeW: Math.max(sure.chargeW, maybe.chargeW),
        dischargeW: Math.max(sure.dischargeW, maybe.dischargeW),
      };
    },
    contactAtMs: () => contactAtMs,
    identifiedAtMs: () => identifiedAtMs,
    lastSeenAtMs: () => lastSeenAtMs,
    causeAtMs: () => causeAtMs,
    forgetCause: () => (causeAtMs = undefined),
  };

  function reset(): void {
    known = new Map();
    fresh = new Map();
    identifiedAtMs = undefined;
    markAtMs = undefined;
    contactAtMs = undefined;
  }

  /** While the guard was away it did not see what would have engaged a row. */
  function remembered(nowMs: number): Memory {
    if (nowMs >= doubtUntilMs) return memory;
    return { engaged: new Map([...memory.engaged.keys()].map((name) => [name, false])), gridBackAtMs: undefined };
  }

  function began(nowMs: number): void {
    if (markAtMs !== undefined) {
      slow = nowMs - markAtMs > SLOW_POLL_MS;
      known = new Map([...known, ...fresh]);
      contactAtMs ??= nowMs;
      const judged = allowed(all, known, remembered(nowMs), nowMs);
      memory = judged.memory;
      const stands =
        (judged.trip && !heatHidden(nowMs)) || all.alarms.some((name) => (known.get(name)?.value ?? 0) !== 0);
      causeAtMs = stands ? (causeAtMs ?? nowMs) : causeAtMs;
    }
    markAtMs = nowMs;
    temperatures = [
      ...temperatures.filter((one) => one.atMs >= nowMs - SLOW_MS),
      { atMs: nowMs, packsC: shown().packTemperaturesC },
    ];
    fresh = huawei ? new Map() : shownAt(nowMs);
  }

  /** Polls that asked for temperatures may have met a sensor without a value each time, or there was none in this time. */
  function heatHidden(nowMs: number): boolean {
    if (huawei) return false;
    if (spiked(nowMs)) return true;
    return temperatures.length <= POLLS_TO_SEE_HEAT || temperatures.some(({ packsC }) => packsC.some(Number.isNaN));
  }

  /** As long as a value that was read in a spike may count. */
  function spiked(nowMs: number): boolean {
    return nowMs < spikesUntilMs + SLOW_MS;
  }

  function shownAt(atMs: number): typeof known {
    const { socPct, packTemperaturesC, cellV, settings } = shown();
    const truth = state();
    const packs = [
      ...temperatures.filter((one) => one.atMs >= atMs - SLOW_MS).map((one) => one.packsC),
      packTemperaturesC,
    ].filter((packsC) => !packsC.some(Number.isNaN));
    const values = {
      soc: socPct,
      // Asked for in every fifth poll only: the mildest of those is what may be known.
      hot: packs.length === 0 ? Number.NaN : Math.min(...packs.map((one) => Math.max(...one))),
      cold: packs.length === 0 ? Number.NaN : Math.max(...packs.map((one) => Math.min(...one))),
      cellMax: cellV.max,
      cellMin: cellV.min,
      volts: settings.gridVoltageV,
      hertz: settings.gridFrequencyHz,
      alarm: 0,
      // Limits are no measurements: they may show at once.
      chargeNowW: Math.min(Math.max(settings.maxChargeW, truth.settings.maxChargeW), truth.controls.limitChargeW),
      dischargeNowW: Math.min(
        Math.max(settings.maxDischargeW, truth.settings.maxDischargeW),
        truth.controls.limitDischargeW,
      ),
    };
    return new Map(
      Object.entries(values).map(([name, value]) => [name, { value: Number.isNaN(value) ? undefined : value, atMs }]),
    );
  }
}

function decoded(register: number, words: readonly number[]): readonly (readonly [string, number | undefined])[] {
  return HUAWEI_POINTS.filter(([, at]) => at >= register && at < register + words.length).map(
    ([name, at, type, gain]) => {
      const high = words[at - register] ?? 0;
      const raw = type === 'u32' ? high * 0x1_0000 + (words[at - register + 1] ?? 0) : high;
      const stop = STOP_BITS[name];
      if (stop !== undefined) return [name, raw & stop] as const;
      if (raw === MARKERS[type]) return [name, undefined] as const;
      if (name === 'state') return [name, FAULTS.includes(raw) ? 1 : 0] as const;
      return [name, (type === 'i16' && raw > 0x7fff ? raw - 0x1_0000 : raw) / gain] as const;
    },
  );
}
