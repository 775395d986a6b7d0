/**
 * The storage control of a SolarEdge StorEdge inverter, registers 0xE004 to 0xE011, and what it makes of the plant.
 *
 *   control mode 4 (remote) ──▶ command mode, as long as its timeout runs, then the default mode
 *   every other control mode ──▶ the inverter's own control; limits and commands count for nothing
 *
 * The timeout begins anew with every write of it or of the command mode. Control mode, default mode and backup reserve
 * survive a reboot; command, timeout and limits do not. Source as in solaredge-registers.ts; what mode 0 does under load is not
 * in it, here the battery stands.
 */
import type { Controls } from './plant-control.ts';
import { NOT_FORCED } from './plant-control.ts';
import type { Plant } from './plant.ts';
import { reversionOf } from './sunspec-reversion.ts';
import { floatWords, lowFirst } from './solaredge-registers.ts';
import { fromU32, u16, u32 } from './words.ts';

export type OwnRegister = {
  readonly register: number;
  readonly count: 1 | 2;
  readonly read: () => readonly number[];
  /** Undefined: a value that the device does not take. */
  readonly change: (words: readonly number[]) => (() => void) | undefined;
};

const MODE = { disabled: 0, maxSelfConsumption: 1, timeOfUse: 2, backupOnly: 3, remote: 4 } as const;
const COMMAND = {
  off: 0,
  chargeExcess: 1,
  chargePvFirst: 2,
  charge: 3,
  export: 4,
  minimizeImport: 5,
  selfConsume: 7,
} as const;
const COMMANDS: readonly number[] = Object.values(COMMAND);
const LONGEST_TIMEOUT_S = 86_400;
/** Forced until something else is said: the timeout is this device's own. */
const ENDLESS_MIN = 1_000_000;

export function storageRegisters(plant: Plant): {
  readonly registers: readonly OwnRegister[];
  readonly reboot: () => void;
} {
  const kept = {
    mode: MODE.timeOfUse as number,
    acChargePolicy: 1,
    acChargeLimit: 0,
    reservePct: 0,
    defaultMode: COMMAND.selfConsume as number,
  };
  let told = volatile();
  const timeout = reversionOf(plant, 'solaredge.command', () => {
    told.command = kept.defaultMode;
    act();
  });

  return {
    registers: [
      small(
        0xe004,
        () => kept.mode,
        isIn(Object.values(MODE)),
        (mode) => (kept.mode = mode),
      ),
      small(
        0xe005,
        () => kept.acChargePolicy,
        isIn([0, 1, 2, 3]),
        (policy) => (kept.acChargePolicy = policy),
      ),
      float(
        0xe006,
        () => kept.acChargeLimit,
        () => true,
        (limit) => (kept.acChargeLimit = limit),
      ),
      float(
        0xe008,
        () => kept.reservePct,
        (pct) => pct <= 100,
        (pct) => (kept.reservePct = pct),
      ),
      small(
        0xe00a,
        () => kept.defaultMode,
        isIn(COMMANDS),
        (mode) => (kept.defaultMode = mode),
      ),
      long(
        0xe00b,
        () => told.timeoutS,
        (seconds) => seconds <= LONGEST_TIMEOUT_S,
        (seconds) => {
          told.timeoutS = seconds;
          timeout.start(seconds);
        },
      ),
      small(
        0xe00d,
        () => told.command,
        isIn(COMMANDS),
        (command) => {
          told.command = command;
          timeout.start(told.timeoutS);
        },
      ),
      float(
        0xe00e,
        () => told.chargeW,
        (w) => w <= plant.settings.maxChargeW,
        (w) => (told.chargeW = w),
      ),
      float(
        0xe010,
        () => told.dischargeW,
        (w) => w <= plant.settings.maxDischargeW,
        (w) => (told.dischargeW = w),
      ),
    ],
    reboot() {
      timeout.start(0);
      told = volatile();
      act();
    },
  };

  function volatile() {
    const { maxChargeW, maxDischargeW } = plant.settings;
    return { command: kept.defaultMode, timeoutS: 3600, chargeW: maxChargeW, dischargeW: maxDischargeW };
  }

  function act(): void {
    plant.control({ ...NOT_FORCED, workingMode: 2, ...(kept.mode === MODE.remote ? commanded() : own()) });
  }

  function own(): Partial<Controls> {
    return { standby: kept.mode === MODE.disabled || kept.mode === MODE.backupOnly };
  }

  function commanded(): Partial<Controls> {
    const { command, chargeW, dischargeW } = told;
    switch (command) {
      case COMMAND.charge:
      case COMMAND.chargePvFirst:
        return { command: 'charge', forcedChargeW: chargeW, periodMin: ENDLESS_MIN };
      case COMMAND.export:
        return { command: 'discharge', forcedDischargeW: dischargeW, periodMin: ENDLESS_MIN };
      case COMMAND.selfConsume:
        return { batteryWindowW: [-chargeW, dischargeW] };
      case COMMAND.minimizeImport:
        return { batteryWindowW: [0, dischargeW] };
      case COMMAND.chargeExcess:
        return { batteryWindowW: [-chargeW, 0] };
      default:
        return { standby: true };
    }
  }

  type Take = (value: number) => unknown;
  type Fits = (value: number) => boolean;

  function small(register: number, read: () => number, fits: Fits, take: Take): OwnRegister {
    return entry(
      register,
      1,
      () => u16(read()),
      ([raw = 0]) => raw,
      fits,
      take,
    );
  }

  function long(register: number, read: () => number, fits: Fits, take: Take): OwnRegister {
    return entry(
      register,
      2,
      () => lowFirst(u32(read())),
      (words) => fromU32(lowFirst(words)),
      fits,
      take,
    );
  }

  function float(register: number, read: () => number, fits: Fits, take: Take): OwnRegister {
    return entry(
      register,
      2,
      () => floatWords(read()),
      floatIn,
      (value) => value >= 0 && fits(value),
      take,
    );
  }

  function entry(
    register: number,
    count: 1 | 2,
    read: () => readonly number[],
    valueIn: (words: readonly number[]) => number,
    fits: Fits,
    take: Take,
  ): OwnRegister {
    const change = (words: readonly number[]): (() => void) | undefined => {
      const value = valueIn(words);
      if (!fits(value)) return undefined;
      return () => {
        take(value);
        act();
      };
    };
    return { register, count, read, change };
  }
}

function isIn(known: readonly number[]): (value: number) => boolean {
  return (value) => known.includes(value);
}

function floatIn([low = 0, high = 0]: readonly number[]): number {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16BE(high, 0);
  bytes.writeUInt16BE(low, 2);
  return bytes.readFloatBE(0);
}
