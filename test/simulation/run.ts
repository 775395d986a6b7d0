/**
 * Runs one schedule from the first second to the end, where all faults are over: a new order must then be obeyed, and the
 * tree must be whole again.
 */
import type { TreeNode } from '../../contracts/status.ts';
import { seededRandom } from '../../simulator/random.ts';
import { adopt, happen, restart } from './happen.ts';
import type { Violation } from './oracle.ts';
import { restoreLimits } from './person.ts';
import { ASSETS, FAULTS_END_MS } from './schedule.ts';
import type { At, DeviceSetting, Event, Schedule } from './schedule.ts';
import { createWorld } from './world.ts';
import type { World } from './world.ts';

export type Verdict = {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  readonly writes: number;
  /** Site hours. */
  readonly simulatedMs: number;
};

const LOOK_EVERY_MS = 250;
/** Links come back, polls settle, a parked driver is tried again. */
const RECOVERY_MS = 25_000;
/** A device that is ready obeys a new order within this. */
const OBEY_MS = 5000;
/** A disturbance of the grid is followed by 300 s of waiting, which begin again when nobody saw the grid in between. */
const GRID_PAUSE_MS = 302_000;
const LIVENESS_W = 8000;

/** `untilMs`: up to this moment only, without the end in which a new order must be obeyed. */
export async function runSchedule(schedule: Schedule, untilMs?: number): Promise<Verdict> {
  // Jitter of the supervisors is the only chance in the tree that is not injected.
  const random = Math.random;
  Math.random = seededRandom(schedule.seed + 0.5);
  try {
    const world = createWorld(schedule);
    await live(world, untilMs);
    world.kill();
    return {
      seed: schedule.seed,
      violations: world.oracle.violations,
      traceHash: world.traceHash(),
      writes: world.plants[0].tap.writes() + world.plants[1].tap.writes(),
      simulatedMs: world.clock.now(),
    };
  } finally {
    Math.random = random;
  }
}

async function live(world: World, untilMs: number | undefined): Promise<void> {
  const { clock, schedule, oracle } = world;
  world.start();
  for (const { atMs, ...event } of schedule.happenings) clock.setTimeout(() => happen(world, event as Event), atMs);
  const look = (): void => {
    oracle.look();
    noteTrips(world);
    clock.setTimeout(look, LOOK_EVERY_MS);
  };
  look();
  await clock.advance(untilMs ?? FAULTS_END_MS);
  if (untilMs !== undefined || oracle.violations.length > 0) return;
  await end(world);
}

/** A cause that was shown beyond doubt latches; nothing is revived after it. */
function noteTrips({ eyes, latch, orders, clock }: World): void {
  for (const at of [0, 1] as const) {
    const causeAtMs = eyes[at].causeAtMs();
    if (causeAtMs === undefined || latch.trippedSinceMs(at) < Infinity) continue;
    latch.trip(at, clock.now());
    orders.end(at, clock.now());
  }
}

async function end(world: World): Promise<void> {
  const { clock, plants, disk, schedule, oracle } = world;
  for (const plant of plants) {
    plant.faults.clear();
    plant.set({
      socPct: 50,
      packTemperaturesC: [25],
      alarms: [0, 0, 0],
      maxChargeW: 100_000,
      maxDischargeW: 100_000,
      gridFrequencyHz: 50,
      gridVoltageV: 230,
      stuckOnW: null,
      loadW: 0,
      pvW: 0,
      on: true,
    });
  }
  world.wire(false);
  Object.assign(disk, { refuses: false, slowMs: 0 });
  for (const at of [0, 1] as const) oracle.excuse(at, clock.now() + 5000);
  restart(world);
  await clock.advance(RECOVERY_MS);
  adopt(world);
  await restoreLimits(world, (at, on) => happen(world, { kind: 'maintenance', at, on }));
  for (const at of [0, 1] as const) happen(world, { kind: 'maintenance', at, on: false });
  for (const at of [0, 1] as const) happen(world, { kind: 'resetTrip', at, by: 'ana' });
  // Whatever was forced under a tag has to be at zero, and to show it.
  const longestMs = Math.max(...schedule.devices.map((device) => fullStepMs(device) + device.refreshMs));
  await clock.advance(2000 + longestMs);
  for (const by of ['ana', 'ben', 'ana'] as const) {
    happen(world, { kind: 'resetEstop', by });
    await clock.advance(100);
  }
  const leftMs = FAULTS_END_MS + RECOVERY_MS + GRID_PAUSE_MS - clock.now();
  await clock.advance(schedule.happenings.some(isGrid) ? leftMs : 2000);
  await obeys(world);
  for (const name of missing(world.site()?.status().supervisor)) oracle.fail('tree', `${name} is not running`);
}

function isGrid(event: Event): boolean {
  if (event.kind === 'link')
    return event.fault.kind !== 'reset' && 'of' in event.fault && event.fault.of === 'gridVoltage';
  return (
    event.kind === 'plant' && (event.change.gridFrequencyHz !== undefined || event.change.gridVoltageV !== undefined)
  );
}

async function obeys(world: World): Promise<void> {
  const { clock, oracle, plants, schedule } = world;
  const asked = clock.now();
  for (const at of [0, 1] as const) {
    const body = { id: `last-${at}`, asset_id: ASSETS[at], w: LIVENESS_W, duration_s: 120, issuer: 'ana' };
    const { orders } = world;
    orders.sent({ id: body.id, ats: [at], w: LIVENESS_W, sentAtMs: asked, endsAtMs: asked + 120_000 });
    world.ask({ name: 'dispatch', body }, (reply) => {
      orders.replied(body.id, reply, clock.now());
      if (!reply.ok) oracle.fail('obeys', `${ASSETS[at]} refuses a new order: ${reply.code} ${JSON.stringify(reply)}`);
    });
  }
  const arrived: [boolean, boolean] = [false, false];
  const slowestMs = Math.max(...schedule.devices.map(fullStepMs));
  while (clock.now() < asked + OBEY_MS + slowestMs && !arrived.every(Boolean)) {
    await clock.advance(100);
    for (const at of [0, 1] as const) {
      const inTime = clock.now() <= asked + OBEY_MS + fullStepMs(schedule.devices[at]);
      arrived[at] ||= inTime && Math.abs(plants[at].state().batteryW - LIVENESS_W) <= 2000;
    }
  }
  arrived.forEach((came, at) => {
    if (!came)
      oracle.fail(
        'obeys',
        `${ASSETS[at as At]} moves ${Math.round(plants[at as At].state().batteryW)} W after a new order of ${LIVENESS_W} W`,
      );
  });
}

/** A device is at nine tenths after the time of its actuator. */
function fullStepMs({ actuatorMs }: DeviceSetting): number {
  return actuatorMs / 0.9;
}

function missing(node: TreeNode | undefined): readonly string[] {
  if (!node) return ['the site'];
  const own = node.status === 'running' ? [] : [`${node.id} (${node.status})`];
  return [...own, ...(node.children ?? []).flatMap(missing)];
}
