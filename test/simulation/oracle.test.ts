/** What the judge of a simulated site takes for power that stands in a device. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { virtualClock } from '../../supervisor/clock.ts';
import { faultyDisk } from './disk.ts';
import { drawSchedule } from './draw.ts';
import { happen } from './happen.ts';
import { ordersReference } from './orders-reference.ts';
import type { Schedule } from './schedule.ts';
import { INVERTER_STATE, sunspecMark } from './sunspec-mark.ts';
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

test('what an order asked for before it failed counts as wanted then, also when its id comes again', () => {
  const orders = ordersReference();
  const sent = { id: 'a', ats: [0], w: 5000, endsAtMs: 60_000 } as const;
  orders.sent({ ...sent, sentAtMs: 0 });
  orders.replied('a', { ok: false, code: 'TIMEOUT', message: '' }, 3000);
  orders.sent({ ...sent, sentAtMs: 8000 });
  orders.replied('a', { ok: false, code: 'TIMEOUT', message: '' }, 8000);
  const wanted = (atMs: number): boolean => orders.wants(0, 5000, atMs, { asset: 1, site: 1 });
  assert.equal([1000, 4000, 9000].map(wanted), [true, false, false]);
});

test('a slow save of a file does not arrive after a later one, as on a real disk', async () => {
  const clock = virtualClock();
  const disk = faultyDisk(clock);
  const file = disk.open(() => true)('latch.json');
  disk.slowMs = 5000;
  const done: string[] = [];
  const save = (text: string): void => void file.save(text).then(() => done.push(text));
  save('first');
  disk.slowMs = 0;
  save('second');
  save('third');
  await clock.advance(4000);
  assert.equal([disk.files.get('latch.json'), done], [undefined, []]);
  await clock.advance(2000);
  assert.equal([disk.files.get('latch.json'), done], ['third', ['first', 'second', 'third']]);
});

test('the scan of a new connection is no poll, so that a value in it need not be known', () => {
  const world = createWorld({ ...drawSchedule(1), devices: sunspec(), happenings: [] });
  const [eye] = world.eyes;
  const mark = sunspecMark(world.plants[0]);
  const poll = (nowMs: number): void => eye.saw(mark, Array<number>(100).fill(0), nowMs);
  eye.opened(0);
  eye.saw(mark - INVERTER_STATE, Array<number>(120).fill(0), 100);
  poll(200);
  assert.is(eye.contactAtMs(), undefined);
  poll(1200);
  assert.is(eye.contactAtMs(), 1200);
});

test('devices that stand where they belong already lose no connection when an exchange of the two ends', async () => {
  const world = createWorld({ ...drawSchedule(1), happenings: [] });
  let cuts = 0;
  const attach = world.network.attach;
  Object.assign(world.network, { attach: (...place: Parameters<typeof attach>) => ((cuts += 1), attach(...place)) });
  happen(world, { kind: 'swap', forMs: 3000 });
  world.wire(false);
  assert.is(cuts, 4);
  await world.clock.advance(5000);
  assert.is(cuts, 4);
});

test.run();

function sunspec(): Schedule['devices'] {
  const [first, second] = drawSchedule(1).devices;
  return [{ ...first, face: 'sunspec-der' }, second];
}

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
