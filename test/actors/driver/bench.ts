/** A cockpit put together by hand, over a battery that shows everything in one block and stops with one write. */
import { createActor } from 'xstate';
import { createBoard } from '../../../actors/board.ts';
import { createCockpit } from '../../../actors/driver/cockpit.ts';
import type { Cockpit, DriverInput } from '../../../actors/driver/cockpit.ts';
import { stopAtOnce } from '../../../actors/driver/stop-at-once.ts';
import type { Fault } from '../../../contracts/faults.ts';
import type { Order } from '../../../contracts/operation.ts';
import { parseOrThrow } from '../../../contracts/parse.ts';
import type { Permit } from '../../../contracts/permit.ts';
import type { DevicePort } from '../../../contracts/ports.ts';
import { profileSchema } from '../../../contracts/profile.ts';
import type { PointRow } from '../../../contracts/profile.ts';
import { UNTOUCHED } from '../../../machines/device/helm.ts';
import type { Posture } from '../../../machines/device/posture.ts';
import { operationMachine } from '../../../machines/device/operation.machine.ts';
import { installedPoints, planReads } from '../../../machines/device/read-plan.ts';
import type { BlockRead } from '../../../machines/device/read-plan.ts';
import { lookoutsOf } from '../../../machines/guard/lookout.ts';
import { boundAsWritten } from '../../../machines/sunspec/bind.ts';
import { virtualClock } from '../../../supervisor/clock.ts';
import { asset, frame, guardConfig, permit } from '../../machines/support.ts';

const place = (register: number, gain = 1, more: Partial<PointRow> = {}): PointRow =>
  ({ register, type: 'u16', group: 'fast', gain, ...more }) as PointRow;
const degrees = (register: number): PointRow => place(register, 10, { type: 'i16', measures: 'temperatureC' });
const written = parseOrThrow(
  profileSchema,
  {
    name: 'one-block',
    version: 1,
    title: 'A battery that shows everything in one block',
    kind: 'battery',
    verified: ['nowhere'],
    sources: ['none'],
    transport: { unitIds: [1], timeoutMs: 3000, maxReadRegisters: 120, blocks: [{ register: 0, count: 60 }] },
    points: {
      model: { register: 0, type: 'string', length: 4, group: 'once' },
      serial: { register: 8, type: 'string', length: 8, group: 'fast' },
      firmware: { register: 16, type: 'string', length: 4, group: 'once' },
      soc: place(20, 10, { measures: 'socPct' }),
      temperature_1: degrees(22),
      temperature_2: degrees(23),
      temperature_3: degrees(24),
      temperature_4: degrees(25),
      cell_max: place(26, 1000, { measures: 'cellVoltageMaxV' }),
      cell_min: place(27, 1000, { measures: 'cellVoltageMinV' }),
      cell_spread: place(28, 1, { measures: 'cellSpreadMv' }),
      voltage: place(31, 10, { measures: 'voltageV' }),
      mode: place(50, 1, { writable: { functionCode: 6 } } as Partial<PointRow>),
      setpoint: place(51, 1, { writable: { functionCode: 6 } } as Partial<PointRow>),
      setpoint_time: place(52, 1, { writable: { functionCode: 6 } } as Partial<PointRow>),
    },
    cannot: [
      'batteryPowerW',
      'maxChargeNowW',
      'maxDischargeNowW',
      'gridVoltageV',
      'gridFrequencyHz',
      'inverterState',
      'alarms',
      'contactorOpen',
    ],
    identity: { model: 'model', serial: 'serial', firmware: 'firmware', modelPattern: '.' },
    control: {
      idle: 'hold',
      minWriteIntervalMs: 100,
      actuator: { latencyMs: 100, settleMs: 1000 },
      sequences: {
        charge: [{ set: { setpoint: 'magnitude' } }, { set: { mode: 2 }, trigger: true }],
        discharge: [{ set: { setpoint: 'magnitude' } }, { set: { mode: 3 }, trigger: true }],
        hold: [{ set: { mode: 0 }, trigger: true }],
        blockCharge: [{ set: { mode: 0 } }],
        blockDischarge: [{ set: { mode: 0 } }],
        release: [{ set: { mode: 1 }, trigger: true }],
        estop: [{ set: { mode: 0 }, trigger: true }, { set: { setpoint: 0 } }],
      },
      deadman: { mechanism: 'setpoint_time', timeoutMs: 60_000, rearmMs: 20_000, results: 'zero' },
    },
  },
  'one-block',
);
const profile = boundAsWritten(written);
const points = installedPoints(profile);
const block = fastBlock();

/** A new one each time, as on a new connection. */
function fastBlock(): BlockRead {
  const [fast] = planReads(profile, points, (_name, group) => group === 'fast');
  if (!fast) throw new Error('the profile has something to read');
  return fast;
}

/** A battery that charges or discharges as it was ordered: 25 °C, half full, serial B1. */
const GOOD: Readonly<Record<string, readonly number[]>> = {
  serial: [0x4231, 0, 0, 0, 0, 0, 0, 0],
  soc: [500],
  temperature_1: [250],
  temperature_2: [250],
  temperature_3: [250],
  temperature_4: [250],
  cell_max: [3300],
  cell_min: [3290],
  cell_spread: [10],
  mode: [3],
  setpoint: [3000],
  setpoint_time: [60],
};
export const SERIAL_B2 = [0x4232, 0, 0, 0, 0, 0, 0, 0];

export function answer(change: Readonly<Record<string, readonly number[]>> = {}): readonly number[] {
  const words = Array.from({ length: block.count }, () => 0);
  for (const [name, values] of Object.entries({ ...GOOD, ...change })) {
    const offset = block.points.find((one) => one.name === name)?.offset;
    if (offset === undefined) throw new Error(`${name} is not in the block`);
    values.forEach((value, at) => (words[offset + at] = value));
  }
  return words;
}

type Bench = {
  readonly cockpit: Cockpit;
  readonly block: BlockRead;
  readonly writes: { readonly register: number; readonly words: readonly number[] }[];
  /** Undefined: nothing goes out at once. */
  readonly see: (change?: Readonly<Record<string, readonly number[]>>) => Promise<boolean> | undefined;
};

type ForcedBy = NonNullable<NonNullable<typeof profile.control>['forced']>;

type Setup = {
  readonly order?: number;
  readonly permit?: Partial<Permit>;
  readonly gapMs?: number;
  readonly cockpit?: Partial<Cockpit>;
  readonly refuses?: Fault;
  readonly forced?: ForcedBy;
  /** Where the device stands already. */
  readonly helm?: Posture;
};

export function bench(setup: Setup = {}): Bench {
  const clock = virtualClock();
  const operation = createActor(operationMachine, { input: { assetId: 'a', stopTimeoutMs: 1000 } }).start();
  if (setup.order !== undefined) operation.send({ type: 'ORDER', order: orderOf(setup.order) });
  const quiet = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };
  const control = { ...profile.control, ...(setup.forced && { forced: setup.forced }) };
  const transport = { ...profile.transport, requestGapMs: setup.gapMs ?? 0 };
  const input = {
    asset: asset({ idle: 'hold', authority: 'exclusive' }),
    profile: { ...profile, transport },
    lookouts: lookoutsOf(guardConfig()),
    staleAfter: { fast: 8000, slow: 8000, once: 8000, never: 8000 },
    capsWith: () => guardConfig().caps,
    originalsFile: quiet,
    originalsMemory: { newest: undefined },
    board: createBoard(clock, () => undefined, quiet),
    readOnly: false,
  } as unknown as DriverInput;
  const cockpit = createCockpit(input, { clock, lease: { held: true } as Cockpit['lease'], send: () => true });
  Object.assign(cockpit, {
    operation,
    permit: permit(setup.permit),
    epoch: 7,
    frame: frame(),
    identityProven: true,
    serial: 'B1',
    bound: { profile: { ...profile, transport, control }, points, meanings: new Map(points) },
    helm: { ...UNTOUCHED, posture: setup.helm },
    ...setup.cockpit,
  });
  const read = fastBlock();
  const writes: Bench['writes'] = [];
  const port: DevicePort = {
    read: () => Promise.reject(new Error('nothing is read for a stop')),
    write: (register, words) => {
      writes.push({ register, words });
      return setup.refuses ? Promise.reject(setup.refuses) : Promise.resolve();
    },
    drop: () => undefined,
  };
  return {
    cockpit,
    block: read,
    writes,
    see: (change) => stopAtOnce(cockpit, port, { block: read, words: answer(change), receivedAtMs: clock.now() }),
  };
}

function orderOf(w: number): Order {
  return { id: 'o', w, reference: 'battery', expiresAtMs: 9000, expiresAtWallMs: 0, epoch: 7, issuer: 'i' };
}
