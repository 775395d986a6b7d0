/**
 * One simulated asset: a plant, its register face with the tap, and its faults, all on one clock.
 *
 * Physics is advanced when somebody looks, not by a timer, so the same asset runs on the machine's clock behind a real
 * server and on a virtual clock in a test. Both servers serve it through `handle`.
 */
import type { Clock } from '../contracts/clock.ts';
import type { Device, Exception, Tap } from './device.ts';
import { tappedDevice } from './device.ts';
import type { SimulatedFault } from './fault-kinds.ts';
import type { Faults, Verdict } from './faults.ts';
import { createFaults } from './faults.ts';
import type { FaceName } from './faces.ts';
import { faceOf, NAMES } from './faces.ts';
import type { Sense } from './measurements.ts';
import type { Controls } from './plant-control.ts';
import type { PlantChange, PlantSettings } from './plant-settings.ts';
import { DEFAULT_SETTINGS } from './plant-settings.ts';
import type { PlantState } from './plant.ts';
import { Plant } from './plant.ts';
import { seededRandom } from './random.ts';
import { together } from './sunspec-meter.ts';

export type AssetOptions = {
  readonly clock: Clock;
  /** Which device the plant is seen through. */
  readonly face?: FaceName;
  readonly settings?: Partial<PlantSettings>;
  readonly controls?: Partial<Controls>;
  readonly socPct?: number;
  /** Of everything that happens by chance. */
  readonly seed?: number;
  /** Others are answered with exception 11. */
  readonly unitIds?: readonly number[];
};

export type SimulatedAsset = {
  readonly plant: Plant;
  readonly device: Device;
  readonly tap: Tap;
  readonly faults: Faults;
  readonly clock: Clock;
  /** The plant at this moment. */
  readonly state: () => PlantState;
  /** The plant as its sensors showed it last: when somebody read, possibly older than that, or wrong; NaN stands for "no value". */
  readonly shown: () => PlantState;
  readonly set: (change: PlantChange) => void;
  /** Forced state is lost, connections are reset, nothing answers for `offlineMs`. */
  readonly reboot: (offlineMs?: number) => void;
};

export type Command =
  | { readonly op: 'read'; readonly register: number; readonly count: number; readonly unitId: number }
  | {
      readonly op: 'write';
      readonly register: number;
      readonly words: readonly number[];
      readonly functionCode: 6 | 16;
      readonly unitId: number;
    };

export function createAsset(options: AssetOptions): SimulatedAsset {
  const { clock, face = 'huawei', settings, controls, socPct = 50, unitIds = [0, 1], seed = 1 } = options;
  const plant = new Plant(
    { ...DEFAULT_SETTINGS, ...NAMES[face], ...settings },
    { socPct, startMs: clock.now(), controls: controls ?? {} },
  );
  return seen({ plant, clock, unitIds, seed, advance: () => plant.advanceTo(clock.now()) }, face);
}

/** A second device on the same plant with a connection, a tap and faults of its own: its battery's BMS. */
export function createBms({ plant, clock }: SimulatedAsset, seed = 1): SimulatedAsset {
  return seen({ plant, clock, unitIds: COMPANION_UNITS, seed, advance: () => plant.advanceTo(clock.now()) }, 'bms');
}

/** The meter where these plants meet the grid; a device of its own too. */
export function createMeter(assets: readonly SimulatedAsset[], seed = 1): SimulatedAsset {
  const [first, ...others] = assets;
  if (!first) throw new Error('a meter without a plant');
  const { plant, clock } = first;
  const advance = (): void => {
    for (const asset of assets) asset.plant.advanceTo(clock.now());
  };
  const sense: Sense = (state) =>
    together(
      state,
      others.map((other) => other.plant.state()),
    );
  return seen({ plant, clock, unitIds: COMPANION_UNITS, seed, advance }, 'meter', sense);
}

const COMPANION_UNITS = [1];

type Seen = {
  readonly plant: Plant;
  readonly clock: Clock;
  readonly unitIds: readonly number[];
  readonly seed: number;
  /** Brings physics to the present. */
  readonly advance: () => void;
};

function seen(
  { plant, clock, unitIds, seed, advance }: Seen,
  name: FaceName,
  whole: Sense = (state) => state,
): SimulatedAsset {
  const random = seededRandom(seed);
  const faults = createFaults({ now: clock.now, random, started: startWriting });
  let shown = plant.state();
  const face = faceOf(name, plant, (state) => (shown = faults.sense(whole(state))));
  const { device, tap } = tappedDevice({ face, clock, unitIds, advance, batteryPowerW: () => plant.batteryW });

  return {
    plant,
    device,
    tap,
    faults,
    clock,
    state() {
      advance();
      return plant.state();
    },
    shown: () => shown,
    set(change) {
      advance();
      plant.set(change);
    },
    reboot(offlineMs = 0) {
      advance();
      // The meter and the BMS start again by themselves; what the inverter was told stays.
      if (name !== 'meter' && name !== 'bms') plant.reboot();
      face.reboot?.();
      faults.apply({ kind: 'reset' });
      if (offlineMs > 0) {
        faults.apply({ kind: 'refuse', forMs: offlineMs });
        faults.apply({ kind: 'silence', forMs: offlineMs });
      }
    },
  };

  function startWriting(fault: SimulatedFault, stands: () => boolean): void {
    if (fault.kind !== 'writer') return;
    const { register, words, everyMs } = fault;
    const write = (): void => {
      if (!stands()) return;
      device.write(register, words, words.length === 1 ? 6 : 16, unitIds[0] ?? 1, 'intruder');
      clock.setTimeout(write, everyMs);
    };
    write();
  }
}

/**
 * Puts one request through the faults and the device. `answer` is called at most once, and not at all when the fault says
 * so; a request that hangs is carried out late even if nobody waits for it any more.
 */
export function handle(
  asset: SimulatedAsset,
  command: Command,
  answer: (result: readonly number[] | Exception) => void,
): void {
  const count = command.op === 'read' ? command.count : command.words.length;
  const verdict = asset.faults.judge({ op: command.op, register: command.register, count });
  const finish = (): void => {
    if (verdict.reboot) {
      rebootWithin(asset, command, verdict.reboot);
      return;
    }
    const result = verdict.carryOut ? carryOut(asset.device, command) : { exception: verdict.exception ?? 4 };
    if (verdict.answer) answer(result);
  };
  if (verdict.waitMs > 0) asset.clock.setTimeout(finish, verdict.waitMs);
  else finish();
}

function rebootWithin(
  asset: SimulatedAsset,
  command: Command,
  { offlineMs, carries }: NonNullable<Verdict['reboot']>,
): void {
  if (carries !== 'none' && command.op === 'write') {
    const taken = carries === 'all' ? command.words.length : Math.floor(command.words.length / 2);
    if (taken > 0) carryOut(asset.device, { ...command, words: command.words.slice(0, taken) });
  }
  asset.reboot(offlineMs);
}

function carryOut(device: Device, command: Command): readonly number[] | Exception {
  if (command.op === 'read') return device.read(command.register, command.count, command.unitId);
  return device.write(command.register, command.words, command.functionCode, command.unitId) ?? [];
}
