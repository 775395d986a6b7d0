/**
 * Makes the happenings of a schedule happen, and tells the oracle what it cannot see: what was asked, what was broken.
 */
import type { DispatchReply, EstopReply, Reply } from '../../contracts/commands.ts';
import { CRASH, whereIs } from '../../supervisor/context.ts';
import { noteLostLimits } from './person.ts';
import { ASSETS } from './schedule.ts';
import type { At, Event, Operator } from './schedule.ts';
import { TOKENS } from './site-config.ts';
import { begun } from './world.ts';
import type { World } from './world.ts';

/** Faults after which a connection ends by itself. */
const BREAKING: ReadonlySet<string> = new Set(['reset', 'cut', 'rebootOnWrite', 'singleClient']);
/** Between two tries to connect, where each connection is soon broken. */
const LONGEST_PAUSE_MS = 12_000;
/** After so long the north tells its caller that control is silent, and what comes later reaches nobody. */
const ANSWER_MS = 4000;
/** First stop write on an idle link, and where a request is under way. */
const IDLE_STOP_MS = 100;
const BUSY_STOP_MS = 500;
/** No answer for this long, a link that works is idle. */
const IDLE_FOR_MS = 150;
const SETTLED_MS = 6000;

export function happen(world: World, event: Event): void {
  const { oracle, clock, plants, disk, eyes, orders } = world;
  world.note(JSON.stringify(event));
  switch (event.kind) {
    case 'dispatch':
      return dispatch(world, event);
    case 'stop':
      return stop(world, event.at);
    case 'estop':
      return estop(world);
    case 'resetEstop':
      return resetEstop(world, event.by);
    case 'resetTrip':
      return resetTrip(world, event.at, event.by);
    case 'maintenance':
      return maintenance(world, event.at, event.on);
    case 'plant':
      plants[event.at].set(event.change);
      // A power stage that is stuck on obeys nobody, from this moment on.
      return oracle.look();
    case 'link': {
      const { at, fault, forMs } = event;
      plants[at].faults.apply('reset' === fault.kind ? fault : { ...fault, forMs });
      if (BREAKING.has(fault.kind)) oracle.broke(at);
      if (fault.kind === 'spike') eyes[at].spikes(clock.now() + forMs);
      // A reply that was held back breaks the first answer of the next connection too, however late that one is made.
      const againMs = fault.kind === 'late' ? LONGEST_PAUSE_MS : 0;
      oracle.excuse(at, clock.now() + forMs + ('ms' in fault ? fault.ms : 0) + againMs + 6000);
      return;
    }
    case 'reboot':
      oracle.broke(event.at);
      plants[event.at].reboot(event.offlineMs);
      return oracle.excuse(event.at, clock.now() + event.offlineMs + 6000);
    case 'swap':
      world.wire(true);
      for (const at of [0, 1] as const) {
        oracle.broke(at);
        oracle.excuse(at, clock.now() + event.forMs + 6000);
      }
      clock.setTimeout(() => world.wire(false), event.forMs);
      return;
    case 'intruder':
      oracle.excuse(event.at, clock.now());
      oracle.intruded(event.at);
      return intrude(world, event.at, event.w);
    case 'disk':
      if (event.how === 'refuses') disk.refuses = true;
      else disk.slowMs = 1500;
      clock.setTimeout(() => ((disk.refuses = false), (disk.slowMs = 0)), event.forMs);
      return;
    case 'kill': {
      const system = world.site()?.system.system;
      const actor = system && whereIs(system, event.actor);
      if (!actor) return;
      world.deaths += 1;
      for (const at of [0, 1] as const) {
        if (event.actor.startsWith('driver') && event.actor !== `driver:${ASSETS[at]}`) continue;
        // A dispatcher that lives still gives the new driver what the disk has not taken yet.
        if (event.actor.startsWith('driver')) orders.end(at, clock.now(), begun(world));
        else if (event.actor !== 'guard' && event.actor !== 'dispatcher') orders.end(at, clock.now());
        eyes[at].doubtUntil(clock.now() + 3000);
        oracle.excuse(at, clock.now() + 3000);
      }
      actor.send({ type: CRASH, error: new Error('killed by the simulation') });
      return;
    }
    case 'crash': {
      if (!world.site()) return;
      noteLostLimits(world);
      world.kill();
      if (event.damage) disk.files.set(event.damage, (disk.files.get(event.damage) ?? '{"version":1').slice(0, 12));
      for (const at of [0, 1] as const) {
        orders.end(at, clock.now());
        eyes[at].forgot();
        oracle.excuse(at, clock.now() + event.downMs + 6000);
      }
      settleLatch(world);
      clock.setTimeout(() => restart(world), event.downMs);
    }
  }
}

export function restart(world: World): void {
  if (world.site()) return;
  world.start();
  world.clock.setTimeout(() => adopt(world), 2500);
}

/** What the file says is what a new start must know; a file that cannot be read means latched. */
function settleLatch({ disk, latch, eyes, clock }: World): void {
  const text = disk.files.get('latch.json');
  let record: { estop?: unknown; trips?: object; maintenance?: object } = {};
  try {
    record = text === undefined ? {} : (JSON.parse(text) as typeof record);
  } catch {
    record = { estop: 'damaged' };
  }
  latch.latch(record.estop ? clock.now() : undefined);
  for (const at of [0, 1] as const) {
    latch.trip(at, ASSETS[at] in (record.trips ?? {}) ? clock.now() : undefined);
    latch.tag(at, ASSETS[at] in (record.maintenance ?? {}) ? clock.now() : undefined);
    eyes[at].forgetCause();
  }
}

/** Where bessd is more cautious than the reference could know, the reference follows; never the other way round. */
export function adopt({ site, latch, clock }: World): void {
  const status = site()?.status();
  if (!status) return;
  if (status.estop.state !== 'armed' && latch.latchedSinceMs() === Infinity) latch.latch(clock.now());
  for (const at of [0, 1] as const)
    if (status.assets[at]?.trip && latch.trippedSinceMs(at) === Infinity) latch.trip(at, clock.now());
}

function dispatch(world: World, { at, w, durationS, id, seq, lateMs = 0 }: Extract<Event, { kind: 'dispatch' }>): void {
  const { clock, orders, oracle, latch, schedule } = world;
  if (!world.site()) return;
  const sentAtMs = clock.now();
  const stood = [oracle.stands(0), oracle.stands(1)] as const;
  const ats: readonly At[] = at === undefined ? [0, 1] : [at];
  orders.sent({ id, ats, w, sentAtMs, endsAtMs: sentAtMs - lateMs + durationS * 1000 });
  const issued = lateMs > 0 ? { issued_at: new Date(clock.wall() - lateMs).toISOString() } : {};
  const target = at === undefined ? { site_id: 'SITE-SIM' } : { asset_id: ASSETS[at] };
  const body = {
    id,
    w,
    duration_s: durationS,
    issuer: 'ana',
    ...target,
    ...(seq === undefined ? {} : { seq }),
    ...issued,
  };
  asked(world, { name: 'dispatch', body }, (reply) => {
    // A second answer of the same id is a copy of the first.
    if (world.duplicates.has(id) || (!reply.ok && reply.code === 'ID_CONFLICT')) return;
    orders.replied(id, reply, clock.now());
    if (!reply.ok) return;
    if (latch.latchedSinceMs() < sentAtMs)
      oracle.fail('honest', `order ${id} was accepted while the E-stop is latched`);
    for (const { asset_id, written_w } of (reply.data as DispatchReply).assets) {
      const one = ASSETS.indexOf(asset_id as 'bess-1') as At;
      if (written_w === null || schedule.devices[one].pvW > 0) continue;
      // What somebody else did to the device meanwhile is not in the reply.
      if (oracle.calmSinceMs(one) >= sentAtMs) continue;
      // At the AC terminal the losses, as they were measured, lie in between.
      const slackW =
        at !== undefined && schedule.devices[one].face === 'huawei' ? 1 : 3000 + 0.15 * Math.abs(written_w);
      if (!oracle.wasTold({ at: one, w: written_w, sinceMs: sentAtMs, stood: stood[one], slackW }))
        oracle.fail('honest', `${asset_id} is said to have got ${written_w} W, which no device took`);
    }
    world.duplicates.add(id);
  });
}

function stop(world: World, at: At | undefined): void {
  const { clock, orders } = world;
  asked(
    world,
    { name: 'stop', body: { issuer: 'ana', ...(at === undefined ? {} : { asset_id: ASSETS[at] }) } },
    (reply) => {
      if (!reply.ok) return;
      for (const one of [0, 1] as const)
        if ((at === undefined || at === one) && (reply.data as { stopping: string[] }).stopping.includes(ASSETS[one]))
          orders.end(one, clock.now());
    },
  );
}

function estop(world: World): void {
  const { clock, orders, oracle, latch, eyes, schedule, plants, disk } = world;
  if (!world.site()) return;
  const sentAtMs = clock.now();
  const latchedBefore = latch.latchedSinceMs();
  latch.latch(Math.min(latchedBefore, sentAtMs));
  world.resets.clear();
  for (const at of [0, 1] as const) {
    orders.end(at, sentAtMs);
    const tagged = latch.taggedSinceMs(at) < sentAtMs;
    const calmMs = oracle.calmSinceMs(at);
    const contactMs = eyes[at].contactAtMs() ?? Infinity;
    if (tagged || calmMs > sentAtMs - SETTLED_MS || contactMs > sentAtMs - SETTLED_MS) continue;
    const deaths = world.deaths;
    const calm = (): boolean =>
      oracle.calmSinceMs(at) === calmMs && world.deaths === deaths && world.site() !== undefined;
    const withinMs = eyes[at].lastSeenAtMs() < sentAtMs - IDLE_FOR_MS ? IDLE_STOP_MS : BUSY_STOP_MS;
    clock.setTimeout(() => {
      if (calm() && oracle.stoppedAtMs(at) < sentAtMs)
        oracle.fail('E-stop in time', `${ASSETS[at]} got no stop within ${withinMs} ms of the E-stop`);
    }, withinMs);
    const zeroMs = 1500 + schedule.devices[at].actuatorMs / 0.9;
    clock.setTimeout(() => {
      if (calm() && Math.abs(plants[at].state().batteryW) > oracle.toleranceW(at) && latch.latchedSinceMs() <= sentAtMs)
        oracle.fail('E-stop in time', `${ASSETS[at]} still moves power ${Math.round(zeroMs)} ms after the E-stop`);
    }, zeroMs);
  }
  asked(world, { name: 'estop', body: { reason: 'simulated', issuer: 'anybody' } }, (reply) => {
    if (!reply.ok) {
      latch.latch(latchedBefore);
      return;
    }
    const { written, zero, latched } = reply.data as EstopReply;
    if (clock.now() - sentAtMs > 3000) oracle.fail('E-stop reply', `it came after ${clock.now() - sentAtMs} ms`);
    // Two people may have reset it before the reply was due.
    if (latched === 'disk' && !disk.held('latch.json', '"estop":{', sentAtMs))
      oracle.fail('honest', 'the latch is said to be on the disk, and never was');
    for (const at of [0, 1] as const) {
      if (written.includes(ASSETS[at]) && oracle.stoppedAtMs(at) < sentAtMs)
        oracle.fail('honest', `${ASSETS[at]} is said to have got its stop, and has not`);
      const calm = oracle.calmSinceMs(at) < sentAtMs - SETTLED_MS && schedule.devices[at].refreshMs === 0;
      if (zero.includes(ASSETS[at]) && calm && Math.abs(plants[at].state().batteryW) > 1.2 * oracle.toleranceW(at))
        oracle.fail(
          'honest',
          `${ASSETS[at]} is said to be at zero, and moves ${Math.round(plants[at].state().batteryW)} W`,
        );
    }
  });
}

function resetEstop(world: World, by: Operator): void {
  const { latch, oracle, clock, resets } = world;
  const body = { issuer: by, tokenSha256: TOKENS[by], confirmed_safe: true, cause: 'simulated' } as const;
  asked(world, { name: 'reset_estop', body }, (reply) => {
    if (!reply.ok) return;
    const { state } = reply.data as { state: string };
    if (by === 'eve' || by === 'nobody') oracle.fail('two people', `${by} may not reset the E-stop`);
    if (state !== 'armed') return void resets.set(by, clock.now());
    const isAnother = [...resets].some(([one, atMs]) => one !== by && clock.now() - atMs <= 120_000);
    if (!isAnother) oracle.fail('two people', `${by} alone reset the E-stop`);
    resets.clear();
    latch.latch(undefined);
  });
}

function resetTrip(world: World, at: At, by: Operator): void {
  const { latch, eyes, oracle, orders, clock } = world;
  const body = { asset_id: ASSETS[at], issuer: by, tokenSha256: TOKENS[by], cause: 'simulated' };
  asked(world, { name: 'reset_trip', body }, (reply) => {
    if (!reply.ok) return;
    if (by === 'eve' || by === 'nobody') oracle.fail('authority', `${by} may not reset a trip`);
    latch.trip(at, undefined);
    // A reset starts nothing.
    orders.end(at, clock.now());
    eyes[at].forgetCause();
  });
}

function maintenance(world: World, at: At, on: boolean): void {
  const { latch, clock, orders, oracle } = world;
  const body = { asset_id: ASSETS[at], on, tag: 'T1', reason: 'simulated', issuer: 'ana', tokenSha256: TOKENS.ana };
  asked(world, { name: 'maintenance', body }, (reply) => {
    if (!reply.ok) return;
    latch.tag(at, on ? clock.now() : undefined);
    oracle.excuse(at, clock.now() + 1000);
    if (on) orders.end(at, clock.now());
  });
}

/** Somebody forces the device with the vendor's tool. */
function intrude({ plants, schedule }: World, at: At, w: number): void {
  const { device } = plants[at];
  const magnitude = Math.abs(w);
  const words = [Math.floor(magnitude / 0x1_0000), magnitude % 0x1_0000];
  if (schedule.devices[at].face !== 'huawei') return;
  device.write(47_075, [1, 34_464, 1, 34_464], 16, 1, 'intruder');
  device.write(w < 0 ? 47_247 : 47_249, words, 16, 1, 'intruder');
  device.write(47_083, [10], 6, 1, 'intruder');
  device.write(47_100, [w < 0 ? 1 : 2], 6, 1, 'intruder');
}

/** Every command is answered in time, unless who answers has died meanwhile. */
function asked(world: World, command: Parameters<World['ask']>[0], answered: (reply: Reply) => void): void {
  if (!world.site()) return;
  const { deaths } = world;
  let done = false;
  world.ask(command, (reply) => {
    world.note(`${command.name} ${JSON.stringify(reply)}`);
    done = true;
    answered(reply);
  });
  world.clock.setTimeout(() => {
    if (!done && world.deaths === deaths) world.oracle.fail('answer', `${command.name} was never answered`);
  }, ANSWER_MS);
}
