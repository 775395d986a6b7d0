/** What the judge of a simulated site takes for power that stands in a device. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { drawSchedule } from './draw.ts';
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
