/**
 * How much AC power all devices together may have at the grid connection, followed from one meter reading to the next
 * (control rules 9). Pure. At the meter positive = import; `load = pcc + Σ ac` holds whatever the batteries do.
 *
 * Meter and devices are read at different moments. Between the AC power read before a meter reading and the one read after
 * it lies the truth, so the load is known as an interval: the room is cut only when its better end demands it, and widened
 * only when its worse end allows it by more than the deadband. A reading that is itself outside the limits cuts at once.
 * What the meter sees of a device whose AC power is not known counts as load.
 */
import type { SiteConfig } from '../../contracts/site-config.ts';
import type { TelemetryFrame } from '../../contracts/telemetry.ts';
import { believe } from '../guard/measurands.ts';

export type GridRoom = { readonly min: number; readonly max: number; readonly meterLost: boolean };

type Bounds = { readonly min: number; readonly max: number };
/** AC power by device, W, with the moment at which it came in. */
type Powers = ReadonlyMap<string, { readonly w: number; readonly atMs: number }>;
type Reading = {
  readonly pccW: number;
  readonly atMs: number;
  readonly acBefore: Powers;
  /** As far as the devices have shown themselves since. */
  readonly acAfter: Powers;
};

/** `readings`: those that still wait for a device, oldest first. */
export type GridWatch = {
  readonly bounds: Bounds | undefined;
  readonly readings: readonly Reading[];
  readonly readAtMs: number | undefined;
  /** The meter does not go with the devices and the load, where a load is measured. */
  readonly doubted: boolean;
  /** Readings running that say the contrary of `doubted`. */
  readonly contrary: number;
};

export const UNMETERED: GridWatch = {
  bounds: undefined,
  readings: [],
  readAtMs: undefined,
  doubted: false,
  contrary: 0,
};

/** So many readings running make a doubt, and take it away again. */
const SETTLED = 5;

const MOST_WAITING = 5;

const UNLIMITED: GridRoom = { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY, meterLost: false };

type Grid = Pick<SiteConfig['grid'], 'maxImportW' | 'maxExportW' | 'meterLostMaxW'>;

export function isLimited({ maxImportW, maxExportW }: Grid): boolean {
  return maxImportW !== undefined || maxExportW !== undefined;
}

/** Room widens only by more than this, so that a wavering load does not make the orders waver. */
export function deadbandW({ maxImportW, maxExportW }: Grid): number {
  return Math.max(200, 0.01 * Math.min(maxImportW ?? Number.POSITIVE_INFINITY, maxExportW ?? Number.POSITIVE_INFINITY));
}

/** One frame of the meter later. `devices`: the newest frame of every asset. */
export function readMeter(
  before: GridWatch,
  grid: Grid,
  meter: TelemetryFrame,
  devices: readonly TelemetryFrame[],
  nowMs: number,
): GridWatch {
  const pcc = believe(meter, 'gridPowerW', nowMs);
  if (typeof pcc === 'string') return { ...UNMETERED, doubted: before.doubted };
  const readAtMs = meter.readings.gridPowerW?.[0]?.receivedAtMs ?? nowMs;
  if (before.readAtMs === readAtMs) return before;
  const acBefore = powersOf(devices, nowMs);
  const reading: Reading = { pccW: pcc.max, atMs: readAtMs, acBefore, acAfter: new Map() };
  const loadNow = pcc.max + sum(acBefore);
  const balance = judgeBalance(before, meter, pcc.max, sum(acBefore), nowMs);
  const last = before.readings.at(-1);
  // Another set of devices is another load.
  if (!before.bounds || (last && !sameKeys(last.acBefore, acBefore)))
    return { bounds: around({ low: loadNow, high: loadNow }, grid), readings: [reading], readAtMs, ...balance };
  const readings = [...before.readings, reading].slice(-MOST_WAITING);
  return { bounds: obey(before.bounds, pcc.max, loadNow, grid), readings, readAtMs, ...balance };
}

/** One frame of a device later: readings after which all have shown themselves again say what the load was. */
export function seeDevice(before: GridWatch, grid: Grid, device: TelemetryFrame, nowMs: number): GridWatch {
  const ac = powersOf([device], nowMs).get(device.assetId);
  if (!ac || !before.bounds) return before;
  let { bounds } = before;
  let readings: readonly Reading[] = [];
  for (const waiting of before.readings) {
    const reading = shownAgain(waiting, device.assetId, ac);
    const load = loadBetween(reading);
    readings = load ? [] : [...readings, reading];
    if (load) bounds = follow(bounds, around(load, grid), around(flipped(load), grid), deadbandW(grid));
  }
  // What a newer reading has cut is not given back by an older one, whose devices have only now shown themselves.
  for (const { pccW, acBefore } of readings) bounds = obey(bounds, pccW, pccW + sum(acBefore), grid);
  return { ...before, bounds, readings };
}

/** `load = pcc + Σ ac`, for a meter that measures the load as well. */
function judgeBalance(
  { doubted, contrary }: GridWatch,
  meter: TelemetryFrame,
  pccW: number,
  acW: number,
  nowMs: number,
): Pick<GridWatch, 'doubted' | 'contrary'> {
  const load = believe(meter, 'loadPowerW', nowMs);
  if (typeof load === 'string') return { doubted: false, contrary: 0 };
  const offW = Math.abs(pccW + acW - load.max);
  const off =
    offW > Math.max(LEAST_TOLERANCE_W, TOLERANCE * Math.max(Math.abs(pccW), Math.abs(acW), Math.abs(load.max)));
  if (off === doubted) return { doubted, contrary: 0 };
  return contrary + 1 >= SETTLED ? { doubted: off, contrary: 0 } : { doubted, contrary: contrary + 1 };
}

/** The three are not measured at the same moment, nor by the same instrument. */
const TOLERANCE = 0.1;
const LEAST_TOLERANCE_W = 1000;

function shownAgain(reading: Reading, id: string, ac: { readonly w: number; readonly atMs: number }): Reading {
  if (reading.acAfter.has(id) || ac.atMs < reading.atMs) return reading;
  return { ...reading, acAfter: new Map([...reading.acAfter, [id, ac]]) };
}

/** The room at this moment; without a living meter that can be believed what the site file allows then. */
export function roomNow(
  { bounds, doubted }: GridWatch,
  grid: Grid,
  meter: TelemetryFrame | undefined,
  nowMs: number,
): GridRoom {
  if (!isLimited(grid)) return UNLIMITED;
  const living = meter && typeof believe(meter, 'gridPowerW', nowMs) !== 'string';
  if (!living || !bounds || doubted) return { min: -grid.meterLostMaxW, max: grid.meterLostMaxW, meterLost: true };
  return { ...bounds, meterLost: false };
}

type Load = { readonly low: number; readonly high: number };

/** The load while the meter was read; undefined while a device has not shown itself again since. */
function loadBetween({ pccW, acBefore, acAfter }: Reading): Load | undefined {
  let low = pccW;
  let high = pccW;
  for (const [id, { w }] of acBefore) {
    const next = acAfter.get(id);
    if (!next) return undefined;
    low += Math.min(w, next.w);
    high += Math.max(w, next.w);
  }
  return { low, high };
}

/** The least that is demanded by a load that lies somewhere in the interval. */
function around({ low, high }: Load, { maxImportW, maxExportW }: Grid): Bounds {
  return {
    min: low - (maxImportW ?? Number.POSITIVE_INFINITY),
    max: high + (maxExportW ?? Number.POSITIVE_INFINITY),
  };
}

function flipped({ low, high }: Load): Load {
  return { low: high, high: low };
}

function follow(now: Bounds, demanded: Bounds, allowed: Bounds, bandW: number): Bounds {
  const min = demanded.min > now.min ? demanded.min : allowed.min < now.min - bandW ? allowed.min : now.min;
  const max = demanded.max < now.max ? demanded.max : allowed.max > now.max + bandW ? allowed.max : now.max;
  return { min, max };
}

/** Outside its limits now: at once, by the newest powers that are known. */
function obey(bounds: Bounds, pccW: number, loadW: number, { maxImportW, maxExportW }: Grid): Bounds {
  const { min, max } = bounds;
  return {
    min: maxImportW !== undefined && pccW > maxImportW ? Math.max(min, loadW - maxImportW) : min,
    max: maxExportW !== undefined && pccW < -maxExportW ? Math.min(max, loadW + maxExportW) : max,
  };
}

function powersOf(devices: readonly TelemetryFrame[], nowMs: number): Powers {
  return new Map(
    devices.flatMap((frame) => {
      const ac = believe(frame, 'acPowerW', nowMs);
      const atMs = frame.readings.acPowerW?.[0]?.receivedAtMs ?? nowMs;
      return typeof ac === 'string' ? [] : [[frame.assetId, { w: ac.min, atMs }] as const];
    }),
  );
}

function sum(powers: Powers): number {
  return [...powers.values()].reduce((total, { w }) => total + w, 0);
}

function sameKeys(a: Powers, b: Powers): boolean {
  return a.size === b.size && [...a.keys()].every((id) => b.has(id));
}
