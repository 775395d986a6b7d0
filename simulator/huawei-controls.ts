/**
 * Write side of the register table of a Huawei SUN2000 with LUNA2000: the command registers, their ranges and effects.
 *
 * Values out of range are answered with exception 3 and change nothing, as the device does with limits above 37046/37048.
 */
import type { Controls } from './plant-control.ts';
import type { PlantSettings } from './plant-settings.ts';
import { i32, u16, u32 } from './words.ts';

export type Writable = {
  readonly register: number;
  readonly count: 1 | 2;
  /** Absent: write-only. */
  readonly read?: (controls: Controls) => number[];
  /** Highest raw value; what is above is refused. Absent: read-only. */
  readonly write?: {
    readonly highest: (settings: PlantSettings) => number;
    readonly change: (raw: number) => Partial<Controls>;
  };
};

const COMMANDS = ['none', 'charge', 'discharge'] as const;
const LONGEST_PERIOD_MIN = 1440;

export const COMMAND_REGISTERS: readonly Writable[] = [
  { register: 40200, count: 1, write: { highest: () => 1, change: () => ({ on: true }) } },
  { register: 40201, count: 1, write: { highest: () => 1, change: () => ({ on: false }) } },
  watts(
    47075,
    (c) => c.limitChargeW,
    (s) => s.maxChargeW,
    (raw) => ({ limitChargeW: raw }),
  ),
  watts(
    47077,
    (c) => c.limitDischargeW,
    (s) => s.maxDischargeW,
    (raw) => ({ limitDischargeW: raw }),
  ),
  single(
    47081,
    (c) => c.chargeCutoffPct * 10,
    1000,
    (raw) => ({ chargeCutoffPct: raw / 10 }),
  ),
  single(
    47082,
    (c) => c.dischargeCutoffPct * 10,
    200,
    (raw) => ({ dischargeCutoffPct: raw / 10 }),
  ),
  single(
    47083,
    (c) => c.periodMin,
    LONGEST_PERIOD_MIN,
    (raw) => ({ periodMin: raw }),
  ),
  { register: 47084, count: 2, read: (c) => i32(forcedW(c)) },
  single(
    47086,
    (c) => c.workingMode,
    5,
    (raw) => ({ workingMode: raw }),
  ),
  single(
    47087,
    (c) => Number(c.chargeFromGrid),
    1,
    (raw) => ({ chargeFromGrid: raw === 1 }),
  ),
  { register: 47088, count: 1, read: () => u16(800) },
  single(
    47100,
    (c) => COMMANDS.indexOf(c.command),
    2,
    (raw) => ({ command: COMMANDS[raw] ?? 'none' }),
  ),
  single(
    47101,
    (c) => c.targetSocPct * 10,
    1000,
    (raw) => ({ targetSocPct: raw / 10 }),
  ),
  { register: 47102, count: 1, read: () => u16(150) },
  single(
    47246,
    (c) => Number(c.byTargetSoc),
    1,
    (raw) => ({ byTargetSoc: raw === 1 }),
  ),
  watts(
    47247,
    (c) => c.forcedChargeW,
    (s) => s.maxChargeW,
    (raw) => ({ forcedChargeW: raw }),
  ),
  watts(
    47249,
    (c) => c.forcedDischargeW,
    (s) => s.maxDischargeW,
    (raw) => ({ forcedDischargeW: raw }),
  ),
];

type Read = (controls: Controls) => number;
type Change = (raw: number) => Partial<Controls>;

function single(register: number, read: Read, highest: number, change: Change): Writable {
  return { register, count: 1, read: (controls) => u16(read(controls)), write: { highest: () => highest, change } };
}

function watts(register: number, read: Read, highest: (settings: PlantSettings) => number, change: Change): Writable {
  return { register, count: 2, read: (controls) => u32(read(controls)), write: { highest, change } };
}

/** Charging positive, like every battery power of this vendor. */
function forcedW({ command, forcedChargeW, forcedDischargeW }: Controls): number {
  if (command === 'charge') return forcedChargeW;
  return command === 'discharge' ? -forcedDischargeW : 0;
}
