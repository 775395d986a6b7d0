/**
 * For each planted defect one short schedule that shows it: written by hand, so that it stays as it is whatever is drawn
 * from seeds. Without the defect none of them breaks a rule.
 */
import type { PlantedName } from './planted-defects.ts';
import type { At, DeviceSetting, Event, Happening, Schedule } from './schedule.ts';

/** From the last happening on: orders end, batteries come to rest, and whoever should have acted has not. */
const LOOKED_ON_FOR_MS = 20_000;

const PLAIN: DeviceSetting = {
  face: 'huawei',
  socPct: 50,
  loadW: 0,
  pvW: 0,
  actuatorMs: 200,
  refreshMs: 0,
  deaf: false,
  idle: 'hold',
  unprovenDeadmanMaxW: 100_000,
};

const SHOWN_BY: Readonly<Record<PlantedName, readonly Happening[]>> = {
  // The disk takes the orders, and has become slow before it could take what was found in the registers. A device sees its
  // order late only while it is polled: of two, one always is.
  open_door: [
    at(0, { kind: 'disk', how: 'refuses', forMs: 8300 }),
    order(8.3005, 20_000, 60),
    order(8.3005, 20_000, 60, 1),
    at(8.301, { kind: 'disk', how: 'slow', forMs: 20_000 }),
  ],
  forgetful_latch: [at(9, { kind: 'estop' }), at(13, { kind: 'crash', downMs: 500 }), order(22, 20_000, 60)],
  endless_orders: [order(9, 20_000, 5)],
  turned_sign: [order(9, 20_000, 60)],
  generous_guard: [order(9, 100_000, 60)],
  any_device: [at(9, { kind: 'swap', forMs: 60_000 }), order(22, 20_000, 30)],
  lonely_reset: [
    at(9, { kind: 'estop' }),
    at(15, { kind: 'resetEstop', by: 'ana' }),
    at(16, { kind: 'resetEstop', by: 'ana' }),
  ],
  undead_orders: [order(9, 20_000, 120), at(15, { kind: 'link', at: 0, fault: { kind: 'reset' }, forMs: 0 })],
  // The guard by itself remembers that it wanted the trip, until the latch is told for another reason.
  no_trip: [
    at(15, { kind: 'plant', at: 0, change: { packTemperaturesC: [56] } }),
    at(25, { kind: 'plant', at: 0, change: { packTemperaturesC: [25] } }),
    at(30, { kind: 'maintenance', at: 1, on: true }),
    order(35, 20_000, 60),
  ],
  // The power is armed again, twenty seconds after the last poll that was complete.
  ever_fresh: [
    order(9, 20_000, 300),
    at(14, { kind: 'link', at: 0, fault: { kind: 'delay', ms: 2500, on: 'read' }, forMs: 60_000 }),
    at(29, { kind: 'stop', at: 1 }),
  ],
};

/** What is not plain about the first device. */
const OTHERWISE: Readonly<Partial<Record<PlantedName, Partial<DeviceSetting>>>> = { generous_guard: { socPct: 13 } };

export function scheduleOf(name: PlantedName): Schedule {
  return { seed: 1, devices: [{ ...PLAIN, ...OTHERWISE[name] }, PLAIN], happenings: SHOWN_BY[name] };
}

/** Until when a schedule has to be run to show its defect, ms. */
export function shownWithinMs({ happenings }: Schedule): number {
  return Math.max(...happenings.map(({ atMs }) => atMs)) + LOOKED_ON_FOR_MS;
}

function at(s: number, event: Event): Happening {
  return { atMs: s * 1000, ...event };
}

function order(s: number, w: number, durationS: number, device: At = 0): Happening {
  return at(s, { kind: 'dispatch', at: device, w, durationS, id: `order-${device}-${s}` });
}
