/** What the judge of a simulated site takes for power that stands in a device. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { drawSchedule } from './draw.ts';
import { ordersReference } from './orders-reference.ts';
import type { Schedule } from './schedule.ts';
import { createWorld } from './world.ts';
import type { World } from './world.ts';

const LIMITS = 47_075;
const OPEN = [1, 34_464, 1, 34_464];
const CLOSED = [0, 0, 0, 0];

test('a forced power stands in a device until a reboot ends it', () => {
  const world = forced(20_000);
  assert.ok(tells(world, 20_000));
  world.plants[0].reboot(0);
  assert.not(tells(world, 20_000));
});

test('a device that a reboot has left to itself holds no power, not even none', () => {
  const world = forced(20_000);
  world.plants[0].reboot(0);
  assert.not(tells(world, 0));
});

test('a device with closed limits holds no power, also after a reboot', () => {
  const world = forced(20_000);
  world.plants[0].device.write(LIMITS, CLOSED, 16, 1, 'client');
  world.plants[0].reboot(0);
  assert.ok(tells(world, 0));
});

test('a new connection ends the order that was under way, and none that the disk has not taken yet', () => {
  const orders = ordersReference();
  const sent = { ats: [0], w: 5000, sentAtMs: 0, endsAtMs: 60_000 } as const;
  orders.sent({ id: 'kept', ...sent });
  orders.linked(0, 1000, (id) => id === 'kept');
  assert.is(orders.idleSinceMs(0, 2000), 1000);
  orders.sent({ id: 'on its way', ...sent });
  orders.linked(0, 3000, (id) => id === 'kept');
  assert.is(orders.idleSinceMs(0, 4000), undefined);
});

test.run();

function tells({ oracle }: World, w: number): boolean {
  return oracle.wasTold({ at: 0, w, sinceMs: Infinity, stood: [], slackW: 1 });
}

function forced(w: number): World {
  const drawn = drawSchedule(1);
  const [first, second] = drawn.devices;
  const schedule: Schedule = { ...drawn, devices: [{ ...first, face: 'huawei' }, second], happenings: [] };
  const world = createWorld(schedule);
  const { device } = world.plants[0];
  device.write(LIMITS, OPEN, 16, 1, 'client');
  device.write(47_249, [0, w], 16, 1, 'client');
  device.write(47_083, [10], 6, 1, 'client');
  device.write(47_100, [2], 6, 1, 'client');
  return world;
}
