/**
 * Draws a schedule from a seed. Each seed leaves out some kinds of trouble altogether, so that what is rare in a full mix
 * is met in a pure one too.
 */
import type { SimulatedFaultInput } from '../../simulator/fault-kinds.ts';
import type { PlantChange } from '../../simulator/plant-settings.ts';
import { seededRandom } from '../../simulator/random.ts';
import { FAULTS_END_MS } from './schedule.ts';
import type { At, DeviceSetting, Happening, Schedule } from './schedule.ts';

const FIRST_MS = 4000;
const LAST_MS = FAULTS_END_MS - 10_000;
/** After the last one the grid must have been inside its window for 300 s before power is allowed again. */
const LAST_GRID_MS = 150_000;
const KILL_PAUSE_MS = 9000;

type Dice = ReturnType<typeof diceOf>;

export function drawSchedule(seed: number): Schedule {
  const dice = diceOf(seed);
  const devices: [DeviceSetting, DeviceSetting] = [drawDevice(dice), drawDevice(dice)];
  const kinds = [
    { draw: commands, often: dice.between(15, 45), share: 1 },
    { draw: stops, often: dice.between(1, 5), share: 0.7 },
    { draw: plants, often: dice.between(2, 14), share: 0.7 },
    { draw: links, often: dice.between(2, 14), share: 0.7 },
    { draw: sensors, often: dice.between(1, 5), share: 0.3 },
    { draw: outsiders, often: dice.between(1, 4), share: 0.4 },
    { draw: disks, often: dice.between(1, 3), share: 0.3 },
    { draw: crashes, often: dice.between(1, 2), share: 0.4 },
    { draw: tags, often: 1, share: 0.2 },
    { draw: grids, often: 1, share: 0.12 },
  ].filter(({ share }) => dice.happens(share));
  const happenings = kinds.flatMap(({ draw, often }) =>
    Array.from({ length: Math.round(often) }, () => draw(dice)).flat(),
  );
  if (dice.happens(0.4)) happenings.push(...kills(dice));
  // What would come later, such as an order that is sent once more, belongs to no schedule: the end is for new orders.
  const inTime = happenings.filter(({ atMs }) => atMs < FAULTS_END_MS);
  return { seed, devices, happenings: inTime.toSorted((a, b) => a.atMs - b.atMs) };
}

function drawDevice(dice: Dice): DeviceSetting {
  const sunspec = dice.happens(0.25);
  return {
    face: sunspec ? 'sunspec-der' : 'huawei',
    socPct: dice.of([50, 50, 30, 70, 20, 88, 13, 92]),
    loadW: dice.of([0, 0, 20_000, 60_000]),
    pvW: sunspec ? 0 : dice.of([0, 0, 0, 30_000]),
    // Within the settle time of its profile.
    actuatorMs: dice.of([200, 200, 200, 5000, sunspec ? 9000 : 20_000]),
    refreshMs: dice.of([0, 0, 2500]),
    deaf: dice.happens(0.2),
    idle: dice.happens(0.8) ? 'hold' : 'release',
    unprovenDeadmanMaxW: dice.of([100_000, 100_000, 60_000, 40_000]),
  };
}

function commands(dice: Dice): Happening[] {
  const atMs = dice.time();
  const id = `order-${dice.whole(1e9)}`;
  const seq = dice.happens(0.3) ? { seq: Math.round(atMs) } : {};
  const lateMs = dice.happens(0.15) ? { lateMs: dice.of([500, 20_000, 200_000]) } : {};
  const asset = dice.happens(0.7) ? { at: dice.at() } : {};
  const w = dice.of([1, -1]) * dice.of([500, 5000, 20_000, 40_000, 80_000, 100_000, 150_000, 1e9]);
  const order = {
    kind: 'dispatch',
    ...asset,
    w,
    durationS: dice.of([2, 10, 30, 60, 120, 300]),
    id,
    ...seq,
    ...lateMs,
  } as const;
  const again = dice.happens(0.15) ? [dice.of([0, 3, 400, 8000, 90_000])] : [];
  return [0, ...again].map((afterMs) => ({ atMs: atMs + afterMs, ...order }));
}

function stops(dice: Dice): Happening[] {
  const atMs = dice.time();
  if (dice.happens(0.4)) return [{ atMs, kind: 'stop', ...(dice.happens(0.5) ? { at: dice.at() } : {}) }];
  const resets = dice.of([0, 1, 2, 2, 2, 3]);
  return [
    { atMs, kind: 'estop' },
    ...Array.from({ length: resets }, (_, n): Happening => ({
      atMs: atMs + 3000 + n * dice.between(100, 20_000),
      kind: 'resetEstop',
      by: n < 2 && dice.happens(0.7) ? (n === 0 ? 'ana' : 'ben') : dice.of(['ana', 'ana', 'ben', 'eve', 'nobody']),
    })),
  ];
}

function plants(dice: Dice): Happening[] {
  const at = dice.at();
  const atMs = dice.time();
  const forMs = dice.between(3000, 40_000);
  const during = (change: PlantChange, back: PlantChange): Happening[] => [
    { atMs, kind: 'plant', at, change },
    { atMs: atMs + forMs, kind: 'plant', at, change: back },
  ];
  const reset: Happening = { atMs: atMs + forMs + dice.between(6000, 12_000), kind: 'resetTrip', at, by: 'ana' };
  switch (dice.whole(8)) {
    case 0:
      return during({ socPct: dice.of([3, 4.9, 8, 9.9, 11, 14, 16, 91, 94.6, 95.2, 97, 98.5]) }, { socPct: 50 });
    case 1:
      return [
        ...during({ packTemperaturesC: [dice.of([-21, -12, -2, 1, 5, 43, 46, 49, 51])] }, { packTemperaturesC: [25] }),
      ];
    case 2:
      return [...during({ packTemperaturesC: [dice.of([55, 58])] }, { packTemperaturesC: [25] }), reset];
    case 3:
      return during(
        { maxDischargeW: dice.of([0, 5000, 50_000]), maxChargeW: dice.of([0, 5000, 100_000]) },
        { maxDischargeW: 100_000, maxChargeW: 100_000 },
      );
    case 4:
      return [
        ...during(
          {
            alarms: dice.of([
              [2, 0, 0],
              [0, 4, 0],
              [0, 0, 256],
              [128, 0, 0],
            ]),
          },
          { alarms: [0, 0, 0] },
        ),
        reset,
      ];
    case 5:
      return during({ loadW: dice.of([0, 90_000]) }, { loadW: 10_000 });
    case 6:
      return during({ stuckOnW: dice.of([30_000, -30_000]) }, { stuckOnW: null });
    default:
      return during({ on: false }, { on: true });
  }
}

function links(dice: Dice): Happening[] {
  const at = dice.at();
  const atMs = dice.time();
  const forMs = dice.of([800, 3000, 8000, 20_000, 45_000]);
  if (dice.happens(0.12)) return [{ atMs, kind: 'reboot', at, offlineMs: dice.of([0, 500, 4000, 20_000]) }];
  const on = dice.of(['read', 'write', 'any'] as const);
  const chance = dice.of([1, 1, 0.3]);
  const fault = dice.of<() => SimulatedFaultInput>([
    () => ({ kind: 'silence' }),
    () => ({ kind: 'refuse' }),
    () => ({ kind: 'reset' }),
    () => ({ kind: 'delay', ms: dice.of([100, 400, 1500, 4000]), jitterMs: dice.of([0, 300]) }),
    () => ({ kind: 'delay', ms: dice.of([2500, 4500]), on: 'read' }),
    () => ({ kind: 'hang', ms: dice.of([300, 2000, 8000]), count: dice.of([1, 3]), on }),
    () => ({ kind: 'exception', code: dice.of([4, 6]), on, chance }),
    () => ({ kind: 'loseAnswer', on, chance: 0.2 }),
    () => ({ kind: 'dropFirst' }),
    () => ({ kind: 'singleClient' }),
    () => ({
      kind: 'rebootOnWrite',
      offlineMs: dice.of([0, 3000]),
      carries: dice.of(['none', 'half', 'all'] as const),
    }),
    () => ({ kind: 'wrong', field: dice.of(['transaction', 'unit', 'function', 'length'] as const), count: 1, on }),
    () => ({ kind: 'half', count: 1, on }),
    () => ({ kind: 'late', as: 'itself', count: 1, on: 'read' }),
    () => ({ kind: 'twice', count: 1, on }),
    () => ({ kind: 'cut', when: dice.of(['before', 'during', 'after'] as const), count: 1, on }),
  ])();
  return [{ atMs, kind: 'link', at, fault, forMs }];
}

function sensors(dice: Dice): Happening[] {
  const of = dice.of(['soc', 'temperature', 'batteryPower', 'gridVoltage'] as const);
  const fault = dice.of<() => SimulatedFaultInput>([
    () => ({ kind: 'freeze', of }),
    () => ({ kind: 'invalid', of }),
    () => ({ kind: 'spike', of: 'soc', by: dice.of([-45, 45]), chance: 0.2 }),
    () => ({ kind: 'spike', of: 'temperature', by: dice.of([24, -30]), chance: 0.2 }),
  ])();
  return [{ atMs: dice.time(), kind: 'link', at: dice.at(), fault, forMs: dice.between(3000, 30_000) }];
}

function outsiders(dice: Dice): Happening[] {
  const atMs = dice.time();
  if (dice.happens(0.3)) return [{ atMs, kind: 'swap', forMs: dice.between(3000, 30_000) }];
  return [{ atMs, kind: 'intruder', at: dice.at(), w: dice.of([25_000, -25_000]) }];
}

function disks(dice: Dice): Happening[] {
  return [
    {
      atMs: dice.happens(0.4) ? 0 : dice.time(),
      kind: 'disk',
      how: dice.of(['refuses', 'slow'] as const),
      forMs: dice.between(2000, 60_000),
    },
  ];
}

function crashes(dice: Dice): Happening[] {
  const damage = dice.happens(0.15) ? { damage: dice.of(['latch.json', 'order-bess-1.json'] as const) } : {};
  return [{ atMs: dice.time(), kind: 'crash', downMs: dice.of([200, 1000, 5000, 30_000]), ...damage }];
}

function tags(dice: Dice): Happening[] {
  const at = dice.at();
  const atMs = dice.time();
  return [
    { atMs, kind: 'maintenance', at, on: true },
    { atMs: atMs + dice.between(5000, 60_000), kind: 'maintenance', at, on: false },
  ];
}

function grids(dice: Dice): Happening[] {
  const at = dice.at();
  const atMs = dice.between(FIRST_MS, LAST_GRID_MS);
  return [
    {
      atMs,
      kind: 'plant',
      at,
      change: dice.of([{ gridFrequencyHz: 52 }, { gridVoltageV: 180 }, { gridVoltageV: 260 }]),
    },
    { atMs: atMs + dice.between(2000, 15_000), kind: 'plant', at, change: { gridFrequencyHz: 50, gridVoltageV: 230 } },
  ];
}

/** Far enough apart that no supervisor gives up. */
function kills(dice: Dice): Happening[] {
  const many = 1 + dice.whole(8);
  let atMs = dice.between(FIRST_MS, LAST_MS - many * 2 * KILL_PAUSE_MS);
  return Array.from({ length: many }, () => {
    atMs += dice.between(KILL_PAUSE_MS, 2 * KILL_PAUSE_MS);
    const actor = dice.of(['estop', 'guard', 'guard', 'dispatcher', 'driver:bess-1', 'driver:bess-2'] as const);
    return { atMs, kind: 'kill' as const, actor };
  });
}

function diceOf(seed: number): {
  between: (low: number, high: number) => number;
  whole: (below: number) => number;
  happens: (share: number) => boolean;
  of: <T>(list: readonly T[]) => T;
  at: () => At;
  time: () => number;
} {
  const random = seededRandom(seed);
  const dice = {
    between: (low: number, high: number) => Math.round(low + random() * (high - low)),
    whole: (below: number) => Math.floor(random() * below),
    happens: (share: number) => random() < share,
    of: <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T,
    at: (): At => (random() < 0.5 ? 0 : 1),
    time: () => dice.between(FIRST_MS, LAST_MS),
  };
  return dice;
}
