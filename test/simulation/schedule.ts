/**
 * A schedule: everything that happens to a simulated site in one seed, as plain data that can be printed and cut down.
 *
 * Times are ms of the virtual clock after the start of the site. The end, where all faults are over and a new order must
 * be obeyed, is not part of it.
 */
import type { SimulatedFaultInput } from '../../simulator/fault-kinds.ts';
import type { PlantChange } from '../../simulator/plant-settings.ts';

/** Which of the two devices. */
export type At = 0 | 1;
export type Operator = 'ana' | 'ben' | 'eve' | 'nobody';

export type DeviceSetting = {
  readonly face: 'huawei' | 'sunspec-der';
  readonly socPct: number;
  readonly loadW: number;
  readonly pvW: number;
  readonly actuatorMs: number;
  readonly refreshMs: number;
  readonly deaf: boolean;
  readonly idle: 'hold' | 'release';
  readonly unprovenDeadmanMaxW: number;
};

export type Event =
  | {
      readonly kind: 'dispatch';
      /** Absent: the whole site. */
      readonly at?: At;
      readonly w: number;
      readonly durationS: number;
      readonly id: string;
      readonly seq?: number;
      /** Said to be issued this long before it arrives. */
      readonly lateMs?: number;
    }
  | { readonly kind: 'stop'; readonly at?: At }
  | { readonly kind: 'estop' }
  | { readonly kind: 'resetEstop'; readonly by: Operator }
  | { readonly kind: 'resetTrip'; readonly at: At; readonly by: Operator }
  | { readonly kind: 'maintenance'; readonly at: At; readonly on: boolean }
  | { readonly kind: 'plant'; readonly at: At; readonly change: PlantChange }
  | { readonly kind: 'link'; readonly at: At; readonly fault: SimulatedFaultInput; readonly forMs: number }
  | { readonly kind: 'reboot'; readonly at: At; readonly offlineMs: number }
  | { readonly kind: 'swap'; readonly forMs: number }
  | { readonly kind: 'intruder'; readonly at: At; readonly w: number }
  | { readonly kind: 'disk'; readonly how: 'refuses' | 'slow'; readonly forMs: number }
  | { readonly kind: 'kill'; readonly actor: 'estop' | 'guard' | 'dispatcher' | 'driver:bess-1' | 'driver:bess-2' }
  | { readonly kind: 'crash'; readonly downMs: number; readonly damage?: 'latch.json' | 'order-bess-1.json' };

export type Happening = { readonly atMs: number } & Event;

export type Schedule = {
  readonly seed: number;
  readonly devices: readonly [DeviceSetting, DeviceSetting];
  readonly happenings: readonly Happening[];
};

/** Faults are over from here on. */
export const FAULTS_END_MS = 480_000;

export const ASSETS = ['bess-1', 'bess-2'] as const;

/** For people: one line for each device and each happening. */
export function printed({ seed, devices, happenings }: Schedule): string {
  return [
    `seed ${seed}`,
    ...devices.map((device, at) => `  ${ASSETS[at]}  ${words(device)}`),
    ...happenings.map(
      ({ atMs, kind, ...rest }) => `  ${(atMs / 1000).toFixed(3).padStart(8)} s  ${kind}  ${words(rest)}`,
    ),
  ].join('\n');
}

function words(fields: object): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`)
    .join(' ');
}
