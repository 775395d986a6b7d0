/**
 * The judge of a simulated site: knows what was asked at the front door and what the devices took, and nothing of what
 * bessd says about itself, but for what it owes to its callers in replies.
 *
 * Every rule is a sentence of the control rules. Where a fault excuses a delay, `excuse` puts the deadline off; where it
 * cannot be known what bessd knew (a process died in between), the reference takes the milder of both.
 */
import type { Plant } from '../../simulator/plant.ts';
import type { Controls } from '../../simulator/plant-control.ts';
import { wantedBatteryW } from '../../simulator/plant-control.ts';
import type { Eyes } from './eyes.ts';
import type { LatchReference } from './latch-reference.ts';
import type { Allowed } from './limits-reference.ts';
import type { Orders } from './orders-reference.ts';
import { ASSETS } from './schedule.ts';
import type { At, DeviceSetting } from './schedule.ts';

export type Violation = { readonly atMs: number; readonly rule: string; readonly what: string };

export type Watched = { readonly setting: DeviceSetting; readonly plant: Plant; readonly eyes: Eyes };

/** One write that a device took. */
export type Taken = {
  /** Whose it is, and who was meant. */
  readonly at: At;
  readonly meant: At;
  readonly issuedAtMs: number;
  /** What the limits left when it was issued: a device may take it long after; undefined where that cannot be told. */
  readonly most: Allowed | undefined;
  readonly register: number;
  readonly words: readonly number[];
  readonly before: Controls;
  readonly after: Controls;
};

export type Oracle = {
  readonly violations: Violation[];
  readonly fail: (rule: string, what: string) => void;
  readonly issued: (at: At) => void;
  readonly taken: (write: Taken) => void;
  /** A write while the values that were found are not on the disk. */
  readonly unrecorded: (at: At, before: Controls, after: Controls) => void;
  /** Looks at the plants; to be called often. */
  readonly look: () => void;
  /** What happened to this device up to `untilMs` excuses what it does. */
  readonly excuse: (at: At, untilMs: number) => void;
  /** A connection of this device may be broken off now. */
  readonly broke: (at: At) => void;
  /** Somebody else has just written a power into this device. */
  readonly intruded: (at: At) => void;
  readonly calmSinceMs: (at: At) => number;
  readonly toleranceW: (at: At) => number;
  /** When a device was last written to a standstill. */
  readonly stoppedAtMs: (at: At) => number;
  /** The power that stands in the device now, W, whoever brought it there; none where its own control is free to move. */
  readonly stands: (at: At) => readonly number[];
  /** Whether the device has been told that power since then, had it in force then (`stood`), or has it now. */
  readonly wasTold: (claim: {
    readonly at: At;
    readonly w: number;
    readonly sinceMs: number;
    readonly stood: readonly number[];
    readonly slackW: number;
  }) => boolean;
};

/** One poll, the write of the stop, the refresh of measurements; the actuator comes on top. */
const UNORDERED_MS = 4000;
const NO_CONTACT_MS = 20_000;
/**
 * Who is cut off again and again leaves the device to the other client that may be behind it, from the third time on for up to a
 * minute; connections that lasted for 30 s begin the count anew.
 */
const EVICTED_PAUSE_MS = 60_000;
const EVICTIONS = { atLeast: 3, withinMs: 240_000 };
/** Foreign values are seen within two polls (control rules 5). */
const FOREIGN_SEEN_MS = 2500;

export type OracleParts = {
  readonly devices: readonly [Watched, Watched];
  readonly orders: Orders;
  readonly latch: LatchReference;
  readonly now: () => number;
};

export function createOracle({ devices, orders, latch, now }: OracleParts): Oracle {
  const violations: Violation[] = [];
  const calmSinceMs: [number, number] = [8000, 8000];
  const stoppedAtMs: [number, number] = [-Infinity, -Infinity];
  const told: [{ atMs: number; w: number }[], { atMs: number; w: number }[]] = [[], []];
  /** When a connection was last known to show the device whole. */
  const metAtMs: [number, number] = [0, 0];
  const brokeAtMs: readonly [number[], number[]] = [[], []];
  const foreignUntilMs: [number, number] = [0, 0];
  const reported = new Set<string>();

  const oracle: Oracle = {
    violations,
    fail(rule, what) {
      // The first of each rule and device: the rest follows from it.
      const key = `${rule} ${what.slice(0, 6)}`;
      if (reported.has(key)) return;
      reported.add(key);
      violations.push({ atMs: now(), rule, what });
    },
    issued(at) {
      if (devices[at].eyes.identifiedAtMs() === undefined)
        oracle.fail(
          'identity first',
          `${ASSETS[at]} was written to on a connection on which nobody had asked who it is`,
        );
    },
    taken,
    unrecorded(at, before, after) {
      const { plant } = devices[at];
      if (targetOf(plant, after) !== 0 && targetOf(plant, before) !== targetOf(plant, after))
        oracle.fail('originals first', `${ASSETS[at]} got power before what was found in it was on the disk`);
    },
    look() {
      for (const at of [0, 1] as const) lookAt(at);
    },
    broke: (at) => brokeAtMs[at].push(now()),
    excuse: (at, untilMs) => (calmSinceMs[at] = Math.max(calmSinceMs[at], untilMs)),
    intruded: (at) => (foreignUntilMs[at] = now() + FOREIGN_SEEN_MS),
    calmSinceMs: (at) => calmSinceMs[at],
    toleranceW: () => 2000,
    stoppedAtMs: (at) => stoppedAtMs[at],
    stands(at) {
      const { plant } = devices[at];
      plant.advanceTo(now());
      return standingW(plant, plant.controls);
    },
    wasTold({ at, w, sinceMs, stood, slackW }) {
      // Somebody else has written, and bessd cannot have seen it yet.
      if (now() < foreignUntilMs[at]) return true;
      const since = told[at].filter(({ atMs }) => atMs >= sinceMs).map((one) => one.w);
      return [...since, ...stood, ...oracle.stands(at)].some((one) => Math.abs(one - w) <= slackW);
    },
  };
  return oracle;

  function taken(write: Taken): void {
    const { at, meant, issuedAtMs, before, after } = write;
    const { plant } = devices[at];
    const name = `${ASSETS[at]} register ${write.register} ← [${write.words.join(' ')}]`;
    if (meant !== at) oracle.fail('right device', `${name}, which was meant for ${ASSETS[meant]}`);
    if (latch.taggedSinceMs(at) < issuedAtMs) oracle.fail('maintenance', `${name} while it is tagged out`);
    const targetW = targetOf(plant, after);
    if (targetW === 0) stoppedAtMs[at] = now();
    told[at] = [...told[at].slice(-20), { atMs: now(), w: toldW(after) }];
    if (!raises(plant, write, targetW)) return;
    // What the device itself or somebody else has left there is not bessd's power.
    if (targetW !== 0 && !touchesPower(before, after, write, plant)) return;
    if (latch.latchedSinceMs() < issuedAtMs)
      oracle.fail('latched', `${name} (${targetW} W) while the E-stop is latched`);
    if (latch.trippedSinceMs(at) < issuedAtMs) oracle.fail('tripped', `${name} (${targetW} W) while it is tripped`);
    // A value of its own that somebody else wrote over before it was triggered.
    if (write.register === HUAWEI_COMMAND && now() < foreignUntilMs[at]) return;
    judgeOrder(write, name, targetW);
    judgeLimits(write, name, targetW);
  }

  function judgeOrder({ at, issuedAtMs }: Taken, name: string, targetW: number): void {
    const { setting } = devices[at];
    if (targetW === 0) {
      if (setting.idle === 'hold' && orders.idleSinceMs(at, issuedAtMs) !== undefined)
        oracle.fail('no order', `${name} opens a direction, and no order is under way`);
      return;
    }
    // A site order is one at the AC terminal: PV anywhere shifts it, and the losses are measured while power moves.
    const pvW = devices.reduce(
      (sum, { setting: { pvW: startW }, plant: { settings } }) => sum + Math.max(startW, settings.pvW),
      0,
    );
    const slackW =
      setting.face === 'huawei'
        ? { asset: 1, site: 1.05 * pvW + 6000 }
        : { asset: 1 + 0.05 * Math.abs(targetW), site: 1.1 * pvW + 6000 };
    if (!orders.wants(at, targetW, issuedAtMs, slackW))
      oracle.fail('no order', `${name} makes ${Math.round(targetW)} W, which no living order wants`);
  }

  function judgeLimits({ at, most }: Taken, name: string, targetW: number): void {
    const { setting } = devices[at];
    if (!most || targetW === 0) return;
    const roomW = targetW < 0 ? most.chargeW : most.dischargeW;
    const slackW = setting.face === 'huawei' ? 1.5 : 2500 + 0.05 * roomW;
    if (roomW <= 0 ? Math.abs(targetW) > 1 : Math.abs(targetW) > roomW + slackW)
      oracle.fail('limits', `${name} makes ${Math.round(targetW)} W; the limits left ${Math.round(roomW)} W`);
  }

  function evicted(at: At, nowMs: number): boolean {
    return brokeAtMs[at].filter((atMs) => atMs > nowMs - EVICTIONS.withinMs).length >= EVICTIONS.atLeast;
  }

  /** Power that nobody ordered; a connection that nobody makes. */
  function lookAt(at: At): void {
    const { plant, eyes, setting } = devices[at];
    const nowMs = now();
    plant.advanceTo(nowMs);
    if (plant.settings.stuckOnW !== undefined) oracle.excuse(at, nowMs + 1000);
    const calmForMs = nowMs - calmSinceMs[at];
    if (calmForMs < 0) return;
    const contactAtMs = eyes.contactAtMs();
    if (contactAtMs !== undefined) metAtMs[at] = eyes.lastSeenAtMs();
    const unseenMs = nowMs - Math.max(metAtMs[at], calmSinceMs[at]);
    const patienceMs = NO_CONTACT_MS + (evicted(at, nowMs) ? EVICTED_PAUSE_MS : 0);
    if (unseenMs > patienceMs)
      oracle.fail('contact', `${ASSETS[at]} has not been seen for ${unseenMs} ms without a fault`);
    if (contactAtMs === undefined || unseenMs > patienceMs) return;
    const stopped = latch.latchedSinceMs() < nowMs || latch.trippedSinceMs(at) < nowMs;
    if (setting.idle === 'release' && !stopped) return;
    if (latch.taggedSinceMs(at) < nowMs) return;
    const stoppedSinceMs = Math.min(latch.latchedSinceMs(), latch.trippedSinceMs(at));
    const idleSinceMs = stopped ? stoppedSinceMs : orders.idleSinceMs(at, nowMs);
    if (idleSinceMs === undefined) return;
    const graceMs = UNORDERED_MS + setting.refreshMs + setting.actuatorMs / 0.9;
    if (nowMs - Math.max(idleSinceMs, contactAtMs, calmSinceMs[at]) < graceMs) return;
    if (Math.abs(plant.batteryW) > oracle.toleranceW(at))
      oracle.fail(
        stopped ? 'zero while stopped' : 'power without order',
        `${ASSETS[at]} moves ${Math.round(plant.batteryW)} W`,
      );
  }
}

/** The power in the registers, W, whatever the device makes of it; of a SunSpec device at the AC terminal. */
function toldW({ command, forcedChargeW, forcedDischargeW, acSetpointW }: Controls): number {
  if (command === 'none') return acSetpointW ?? 0;
  return command === 'charge' ? -forcedChargeW : forcedDischargeW;
}

/**
 * The power that stands in the device now, W, whoever brought it there: a reboot and a dead-man end what was written without
 * a write. None where its own control is free to move.
 */
function standingW(plant: Plant, controls: Controls): readonly number[] {
  const { charge, discharge } = roomOf(plant, controls);
  const isFree = controls.command === 'none' && controls.acSetpointW === undefined && charge + discharge > 0;
  return isFree ? [] : [toldW(controls)];
}

/** Battery power that the device is told to make, W; 0 where its own control decides within its limits. */
function targetOf(plant: Plant, controls: Controls): number {
  const { stuckOnW: _stuck, ...settings } = plant.settings;
  if (controls.command === 'none' && controls.acSetpointW === undefined) return 0;
  return wantedBatteryW({ ...settings, pvW: controls.command === 'none' ? settings.pvW : 0 }, controls, 50);
}

/** The most that the device may do by itself, either direction. */
function roomOf(plant: Plant, controls: Controls): { charge: number; discharge: number } {
  const targetW = targetOf(plant, controls);
  if (controls.command !== 'none' || controls.acSetpointW !== undefined)
    return { charge: Math.max(0, -targetW), discharge: Math.max(0, targetW) };
  const open = controls.on ? 1 : 0;
  return { charge: open * controls.limitChargeW, discharge: open * controls.limitDischargeW };
}

/** A power write: after it the device may move more power than before, or for longer. Ending the forced state is none. */
function raises(plant: Plant, { before, after, register, words }: Taken, targetW: number): boolean {
  if (register === HUAWEI_COMMAND && words[0] === 0) return false;
  if (before.acSetpointW !== after.acSetpointW && after.acSetpointW === 0) return false;
  const [a, b] = [roomOf(plant, before), roomOf(plant, after)];
  return (
    b.charge > a.charge + 1 || b.discharge > a.discharge + 1 || (targetW !== 0 && POWER_REGISTERS.includes(register))
  );
}

const HUAWEI_COMMAND = 47_100;
/** The command: written again it prolongs what is forced. */
const REARM_REGISTERS = [HUAWEI_COMMAND];
const POWER_REGISTERS = [...REARM_REGISTERS, 47_247, 47_249];

function touchesPower(before: Controls, after: Controls, { register }: Taken, plant: Plant): boolean {
  return REARM_REGISTERS.includes(register) || targetOf(plant, before) !== targetOf(plant, after);
}
