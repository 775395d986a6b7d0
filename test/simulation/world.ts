/**
 * A whole site in a world that goes wrong on schedule: the shipped tree, two simulated plants behind a memory network, a
 * disk in memory, on one virtual clock. Everything that passes between them is shown to the oracle.
 */
import { createHash } from 'node:crypto';
import type { SiteCommand, Reply } from '../../contracts/commands.ts';
import { Fault } from '../../contracts/faults.ts';
import type { DevicePort, OpenDevice } from '../../contracts/ports.ts';
import type { LoadedSite } from '../../io/site-file.ts';
import { createAsset } from '../../simulator/asset.ts';
import type { SimulatedAsset } from '../../simulator/asset.ts';
import { memoryNetwork } from '../../simulator/memory-device.ts';
import type { MemoryNetwork } from '../../simulator/memory-device.ts';
import { startSite } from '../../site.ts';
import type { Site } from '../../site.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import type { VirtualClock } from '../../supervisor/clock.ts';
import { faultyDisk } from './disk.ts';
import type { FaultyDisk } from './disk.ts';
import { eyesOf } from './eyes.ts';
import type { Eyes } from './eyes.ts';
import { latchReference } from './latch-reference.ts';
import type { LatchReference } from './latch-reference.ts';
import type { Allowed } from './limits-reference.ts';
import { createOracle } from './oracle.ts';
import type { Oracle } from './oracle.ts';
import { ordersReference } from './orders-reference.ts';
import type { Orders } from './orders-reference.ts';
import { ASSETS } from './schedule.ts';
import type { At, DeviceSetting, Operator, Schedule } from './schedule.ts';
import { configured, FIRST_PORT, serialOf } from './site-config.ts';
import { sunspecMark } from './sunspec-mark.ts';

export type World = {
  readonly schedule: Schedule;
  readonly clock: VirtualClock;
  readonly plants: readonly [SimulatedAsset, SimulatedAsset];
  readonly eyes: readonly [Eyes, Eyes];
  readonly network: MemoryNetwork;
  readonly disk: FaultyDisk;
  readonly oracle: Oracle;
  readonly orders: Orders;
  readonly latch: LatchReference;
  readonly site: () => Site | undefined;
  readonly start: () => void;
  /** As by kill -9. */
  readonly kill: () => void;
  /** Hands a command over; the answer comes once, or never when its desk dies. */
  readonly ask: (command: SiteCommand, answered: (reply: Reply) => void) => void;
  /** Counts deaths of processes, so that a missing answer can be explained. */
  deaths: number;
  /** Ids of orders that were answered; a second answer is a copy. */
  readonly duplicates: Set<string>;
  /** Whose own limits nobody knows any more but people. */
  readonly limitsLost: Set<At>;
  /** Who was told since the last E-stop that somebody else must confirm the reset, and when. */
  readonly resets: Map<Operator, number>;
  /** A part of the trace. */
  readonly note: (text: string) => void;
  readonly traceHash: () => string;
  /** Puts the right device, or the other one, behind each address; connections are cut where it is another one than before. */
  readonly wire: (swapped: boolean) => void;
};

/** A write that was sent, whether it arrives or not, with what its sender could know then. */
type Issued = {
  readonly meant: At;
  readonly register: number;
  readonly words: readonly number[];
  readonly atMs: number;
  readonly most: Allowed | undefined;
};

/** Nothing here waits for real sockets or files. */
const STEPS_PER_TURN = 100;

/** Whether an order has begun: the disk has taken its id. */
export function begun({ disk }: Pick<World, 'disk'>): (id: string) => boolean {
  return (id) => disk.held('orders.json', `"${id}"`, 0);
}

export function createWorld(schedule: Schedule): World {
  const clock = virtualClock(undefined, STEPS_PER_TURN);
  const network = memoryNetwork({ clock, latencyMs: 2 });
  const disk = faultyDisk(clock);
  const hash = createHash('sha256');
  const note = (text: string): void => void hash.update(`${clock.now()} ${text}\n`);
  const plants = pair((at) => plantOf(schedule, at, clock));
  const orders = ordersReference();
  const latch = latchReference();
  const eyes = pair((at) => eyesFor(schedule.devices[at], plants[at]));
  const devices = pair((at) => ({ setting: schedule.devices[at], plant: plants[at].plant, eyes: eyes[at] }));
  const oracle = createOracle({ devices, orders, latch, now: clock.now });
  const issued: Issued[] = [];
  const shown = pair((at) => watched(at));
  const loaded: LoadedSite = configured(schedule.devices);
  let site: Site | undefined;
  let swapped: boolean | undefined;
  let incarnation = 0;
  let lastId = 0;

  plants.forEach((plant, at) =>
    plant.tap.onEntry(({ register, words, accepted, origin }) =>
      note(`${ASSETS[at]} ${origin} ${register} ${words.join(' ')} ${accepted}`),
    ),
  );
  const world: World = {
    schedule,
    clock,
    plants,
    eyes,
    network,
    disk,
    oracle,
    orders,
    latch,
    deaths: 0,
    duplicates: new Set(),
    limitsLost: new Set(),
    resets: new Map(),
    note,
    site: () => site,
    start,
    kill() {
      incarnation += 1;
      world.deaths += 1;
      network.cut();
      site?.system.kill();
      site = undefined;
      for (const one of eyes) one.closed();
    },
    ask(command, answered) {
      lastId += 1;
      const mine = incarnation;
      site?.command({ type: 'COMMAND', id: lastId, origin: 'nats', command }, (reply) => {
        if (mine === incarnation) answered(reply);
      });
    },
    traceHash: () => hash.copy().digest('hex').slice(0, 16),
    wire(now) {
      if (now === swapped) return;
      swapped = now;
      for (const at of [0, 1] as const) network.attach('127.0.0.1', FIRST_PORT + at, shown[swapped ? other(at) : at]);
    },
  };
  world.wire(false);
  return world;

  function start(): void {
    const mine = incarnation;
    const alive = (): boolean => mine === incarnation;
    const started = startSite({
      loaded,
      clock,
      openDevice: opened(alive),
      openFile: disk.open(alive),
      report: () => {},
    });
    site = started;
    void started.system.ended.then(() => {
      if (alive()) oracle.fail('tree', 'the root of the tree gave up');
    });
  }

  /** The network as the runtime sees it, with the eyes of the oracle behind it. */
  function opened(alive: () => boolean): OpenDevice {
    return async (address, signal) => {
      const at: At = address.port === FIRST_PORT ? 0 : 1;
      const port = await network.open(address, signal);
      const end = (error: unknown, register: number, count: number): never => {
        if (error instanceof Fault && error.code === 'DEVICE_EXCEPTION') eyes[at].refused(register, count, clock.now());
        else if (alive()) eyes[at].closed();
        throw error;
      };
      if (alive()) {
        eyes[at].opened(clock.now());
        orders.linked(at, clock.now(), begun({ disk }));
      }
      const seen: DevicePort = {
        async read(register, count) {
          const words = await port.read(register, count).catch((error: unknown) => end(error, register, count));
          if (alive()) eyes[at].saw(register, words, clock.now());
          return words;
        },
        async write(register, words, functionCode) {
          oracle.issued(at);
          const request = {
            meant: at,
            register,
            words: [...words],
            atMs: clock.now(),
            most: eyes[at].most(clock.now()),
          };
          issued.push(request);
          await port.write(register, words, functionCode).catch((error: unknown) => {
            const isAnswer = error instanceof Fault && error.code === 'DEVICE_EXCEPTION';
            if (isAnswer && issued.includes(request)) issued.splice(issued.indexOf(request), 1);
            else if (!isAnswer && alive()) eyes[at].closed();
            throw error;
          });
        },
        drop: (reason) => port.drop(reason),
      };
      return seen;
    };
  }

  /** A plant whose writes are shown to the oracle, with the controls before and after. */
  function watched(at: At): SimulatedAsset {
    const asset = plants[at];
    return {
      ...asset,
      device: {
        ...asset.device,
        write(register, words, functionCode, unitId, origin) {
          asset.plant.advanceTo(clock.now());
          const before = asset.plant.controls;
          const result = asset.device.write(register, words, functionCode, unitId, origin);
          const from = take(at, register, words);
          if (!result && !originalsOnDisk(at)) oracle.unrecorded(at, before, asset.plant.controls);
          if (!result)
            oracle.taken({
              at,
              meant: from?.meant ?? at,
              issuedAtMs: from?.atMs ?? clock.now(),
              most: from ? from.most : eyes[at].most(clock.now()),
              register,
              words,
              before,
              after: asset.plant.controls,
            });
          return result;
        },
      },
    };
  }

  /** What stood in the persistent registers of a device must be on the disk before bessd moves its power. */
  function originalsOnDisk(at: At): boolean {
    return (disk.files.get(`originals-${ASSETS[at]}.json`) ?? '').includes('"touched":true');
  }

  /** Which request this was: one may arrive long after it was sent, and in part. Of several alike some never arrive. */
  function take(at: At, register: number, words: readonly number[]): Issued | undefined {
    const fits = (one: Issued): boolean => one.register === register && words.every((word, n) => one.words[n] === word);
    const own = issued.findLastIndex((one) => one.meant === at && fits(one));
    const index = own >= 0 ? own : issued.findLastIndex(fits);
    return index < 0 ? undefined : issued.splice(index, 1)[0];
  }
}

function plantOf(schedule: Schedule, at: At, clock: VirtualClock): SimulatedAsset {
  const { face, socPct, loadW, pvW, actuatorMs, refreshMs, deaf } = schedule.devices[at];
  return createAsset({
    clock,
    face,
    socPct,
    seed: schedule.seed * 2 + at,
    settings: { serialNumber: serialOf(at), loadW, pvW, actuatorMs, refreshMs, deaf },
  });
}

function eyesFor(setting: DeviceSetting, plant: SimulatedAsset): Eyes {
  const fastMs = setting.face === 'huawei' ? 9000 : 6000;
  const rules = {
    baseW: 100_000,
    capW: setting.unprovenDeadmanMaxW,
    capacityWh: 200_000,
    staleMs: { fast: fastMs, slow: 25_000 },
  };
  const mark = setting.face === 'huawei' ? undefined : sunspecMark(plant);
  return eyesOf(setting, mark, rules, plant);
}

export function other(at: At): At {
  return at === 0 ? 1 : 0;
}

export function pair<T>(make: (at: At) => T): [T, T] {
  return [make(0), make(1)];
}
