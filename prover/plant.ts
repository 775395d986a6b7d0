/**
 * Devices that the models drive: their profile, what their registers hold, and whether that moves power.
 *
 *   one register   a setpoint and nothing else; for compositions of many actors, where each write is one step
 *   switched       a setpoint, and what turns it on
 *   BMS            the shipped battery management system that may disconnect, without its scales
 *   LUNA2000       the shipped Huawei profile with all steps of its sequences
 */
import { profileSchema } from '../contracts/profile.ts';
import type { BoundProfile } from '../contracts/profile.ts';
import type { Transaction } from '../machines/device/sequence.ts';
import { boundAsWritten } from '../machines/sunspec/bind.ts';
import bmsFile from '../profiles/sunspec-802.json' with { type: 'json' };
import huaweiFile from '../profiles/huawei-sun2000-luna2000.json' with { type: 'json' };

export type Registers = Readonly<Record<string, number>>;

export type Plant = {
  readonly profile: BoundProfile;
  /** Before bessd came. */
  readonly found: Registers;
  /** Values that the device only shows. */
  readonly shown: Registers;
  readonly originals: Registers;
  /** Registers whose values decide anything: what moves power, what is left alone when it holds its value. */
  readonly read: readonly string[];
  readonly moves: (registers: Registers) => 'charge' | 'discharge' | undefined;
};

const huawei = boundAsWritten(profileSchema.parse(huaweiFile));

export const LUNA2000: Plant = {
  profile: huawei,
  found: {
    limit_charge_power: 5000,
    limit_discharge_power: 5000,
    forcible_command: 0,
    forcible_charge_power: 0,
    forcible_discharge_power: 0,
    forcible_period: 0,
    forcible_mode: 0,
  },
  shown: { max_charge_power: 5000, max_discharge_power: 5000 },
  originals: { limit_charge_power: 5000, limit_discharge_power: 5000 },
  read: ['limit_charge_power', 'limit_discharge_power', 'forcible_command'],
  moves: ({ forcible_command: command, limit_charge_power: charge = 0, limit_discharge_power: discharge = 0 }) => {
    if (command === 1 && charge > 0) return 'charge';
    return command === 2 && discharge > 0 ? 'discharge' : undefined;
  },
};

const setpoint = {
  register: 0,
  type: 'i32',
  gain: 1,
  unit: 'W',
  group: 'fast',
  writable: { functionCode: 16, min: -5000, max: 5000, persistent: false },
};
const toZero = [{ set: { setpoint: 0 }, trigger: true }];
const toPower = [{ set: { setpoint: 'signed' }, trigger: true }];

export const ONE_REGISTER: Plant = {
  profile: {
    ...huawei,
    name: 'one-register',
    points: { setpoint } as unknown as BoundProfile['points'],
    sums: {},
    control: {
      ...huawei.control,
      idle: 'hold',
      forced: { point: 'setpoint', idle: 0, charge: -1000, discharge: 1000 },
      sequences: { charge: toPower, discharge: toPower, hold: toZero, estop: toZero },
    } as unknown as NonNullable<BoundProfile['control']>,
  },
  found: { setpoint: 0 },
  shown: {},
  originals: {},
  read: ['setpoint'],
  moves: ({ setpoint: w = 0 }) => (w < 0 ? 'charge' : w > 0 ? 'discharge' : undefined),
};

const enable = { ...setpoint, register: 2, type: 'u16', unit: '', writable: { functionCode: 6, min: 0, max: 1 } };
const engage = { set: { enable: 1 }, trigger: true };
const settled = [...toZero, engage];
const ordered = [{ set: { setpoint: 'signed' }, trigger: false }, engage];

/** A setpoint and what turns it on: off, the device runs by its own control and keeps the setpoint that it had. */
export const SWITCHED: Plant = {
  profile: {
    ...ONE_REGISTER.profile,
    name: 'switched-setpoint',
    points: { setpoint, enable } as unknown as BoundProfile['points'],
    control: {
      ...huawei.control,
      idle: 'release',
      forced: { point: 'enable', idle: 0 },
      sequences: {
        charge: ordered,
        discharge: ordered,
        hold: settled,
        blockCharge: settled,
        blockDischarge: settled,
        estop: settled,
        release: [{ set: { enable: 0 }, trigger: true }],
      },
    } as unknown as NonNullable<BoundProfile['control']>,
  },
  found: { setpoint: 0, enable: 0 },
  shown: {},
  originals: {},
  read: ['setpoint', 'enable'],
  moves: ({ setpoint: w = 0, enable: on }) => (on !== 1 || w === 0 ? undefined : w < 0 ? 'charge' : 'discharge'),
};

const request = {
  ...setpoint,
  type: 'u16',
  unit: '',
  writable: { functionCode: 6, min: 0, max: 3, persistent: false },
};

export const BMS: Plant = {
  profile: {
    ...huawei,
    name: bmsFile.name,
    points: {
      inverter_request: { ...request, register: 1 },
      bank_operation: { ...request, register: 2 },
    } as unknown as BoundProfile['points'],
    sums: {},
    control: bmsFile.control as unknown as NonNullable<BoundProfile['control']>,
  },
  found: { inverter_request: 0, bank_operation: 1 },
  shown: {},
  originals: {},
  read: ['inverter_request', 'bank_operation'],
  // While the bank is connected the inverter may move power.
  moves: ({ bank_operation: bank }) => (bank === 2 ? undefined : 'discharge'),
};

/** The registers after a write. */
export function take(registers: Registers, { values }: Transaction): Registers {
  return { ...registers, ...values };
}
