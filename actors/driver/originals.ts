/**
 * What was found in persistent registers before bessd wrote them, kept on the disk so that `release` can restore it also
 * after a crash. Values that bessd wrote itself are never taken for originals.
 *
 *   unknown ──first poll──▶ clean ──about to be written──▶ touched ──on disk──▶ saved ──released──▶ clean
 *
 * What is not on the disk yet is remembered beside the tree, so that a restarted driver does not take for original what its
 * predecessor wrote. While the asset is tagged out, what somebody sets at the device is the original from then on.
 *
 * While it is clean the device's values are followed, and noted on the disk too: a limit that another value stands in after
 * a restart was changed by somebody, and is reported. It is then the original: bessd never widens what it finds.
 */
import { originalsSchema } from '../../contracts/latch.ts';
import type { OriginalsRecord } from '../../contracts/latch.ts';
import { parse } from '../../contracts/parse.ts';
import type { Profile } from '../../contracts/profile.ts';
import type { Cockpit } from './cockpit.ts';
import { toleranceW } from '../../machines/device/effect.ts';
import type { Situation } from '../../machines/device/posture.ts';
import type { Difference } from '../../machines/device/read-back.ts';
import { followed, knownValue, ratingOf } from './situation.ts';

/** The newest record of one asset, whether the disk has taken it or not; it outlives the driver, not the process. */
export type OriginalsMemory = { newest: { readonly record: OriginalsRecord; onDisk: boolean } | undefined };

/** Recalls what was recorded for this very device, by an earlier driver or an earlier run. */
export async function recallOriginals(cockpit: Cockpit, serial: string, firmware: string): Promise<void> {
  if (cockpit.originals.state !== 'unknown') return;
  const { newest } = cockpit.input.originalsMemory;
  const record = newest?.record.serial === serial ? newest.record : await readRecord(cockpit, serial);
  cockpit.acceptedFirmware = record?.acceptedFirmware ?? firmware;
  const state = record === newest?.record && newest?.onDisk === false ? 'touched' : 'saved';
  if (record?.touched) cockpit.originals = { values: record.values, state, saving: false };
  else if (record) cockpit.watched = { ...record.values, ...cockpit.watched };
}

/** An unreadable record is an alarm, and nothing is restored. */
async function readRecord({ input }: Cockpit, serial: string): Promise<OriginalsRecord | undefined> {
  const { board, asset, originalsFile } = input;
  let record: OriginalsRecord | undefined;
  let damaged = false;
  try {
    const text = await originalsFile.load();
    const parsed = text === undefined ? undefined : parse(originalsSchema, JSON.parse(text));
    damaged = parsed?.ok === false;
    if (parsed?.ok && parsed.value.serial === serial) record = parsed.value;
  } catch {
    damaged = true;
  }
  board.alarm(
    'originals-unreadable',
    damaged,
    'P3',
    'the saved original values of the device cannot be read: release cannot restore them',
    asset.id,
  );
  return record;
}

/** What somebody set while the asset was tagged out: the tag says that it is theirs. */
export function adoptOriginals(cockpit: Cockpit, changes: readonly Difference[]): void {
  const { values, state } = cockpit.originals;
  if (state !== 'saved' && state !== 'touched') return;
  const set = changes.flatMap(({ point, found }) =>
    point in values && typeof found === 'number' ? [[point, found] as const] : [],
  );
  if (set.length === 0) return;
  cockpit.originals = { values: { ...values, ...Object.fromEntries(set) }, state: 'touched', saving: false };
  saveOriginals(cockpit);
}

/** On every poll: a device that bessd has not touched, or has given its values back, shows its originals. */
export function noteOriginals(cockpit: Cockpit): void {
  const { state, values: before } = cockpit.originals;
  if (state !== 'unknown' && state !== 'clean') return;
  const persistent = persistentOf(cockpit.input.profile);
  if (persistent.length === 0 && state === 'clean') return;
  const values: Record<string, number> = { ...before };
  for (const name of persistent) {
    // Read before our last write it would be a value of ours.
    const value = knownValue(cockpit, name);
    if (value !== undefined) values[name] = value;
  }
  cockpit.originals = { values, state: 'clean', saving: false };
  const same = state === 'clean' && Object.entries(values).every(([name, value]) => before[name] === value);
  if (!same && Object.keys(values).length > 0) void save(cockpit, false).catch(() => undefined);
}

/** Of each profile, which never changes: the points that survive a reboot of the device. */
const PERSISTENT = new WeakMap<Profile, readonly string[]>();

function persistentOf(profile: Profile): readonly string[] {
  const before = PERSISTENT.get(profile);
  if (before) return before;
  const persistent = Object.entries(profile.points).flatMap(([name, { writable }]) =>
    writable?.persistent ? [name] : [],
  );
  PERSISTENT.set(profile, persistent);
  return persistent;
}

/** What the device's own limit registers allowed before bessd came, per direction. */
export function ceilingOf({ input, originals }: Cockpit): { chargeW: number; dischargeW: number } {
  const least = (direction: 'charge' | 'discharge'): number =>
    Math.min(
      ...Object.entries(originals.values)
        .filter(([name]) => input.profile.points[name]?.writable?.limits === direction)
        .map(([, value]) => value),
    );
  return { chargeW: least('charge'), dischargeW: least('discharge') };
}

/** A device whose own limits are zero never moves again by itself, and only a person knows whether that is meant. */
export function tellClosed(cockpit: Cockpit): void {
  const { chargeW, dischargeW } = ceilingOf(cockpit);
  const { board, asset } = cockpit.input;
  const what = 'the limits of the device itself are zero in both directions: no power until somebody sets them';
  board.alarm('limits-closed', Math.max(chargeW, dischargeW) === 0, 'P3', what, asset.id);
}

/** Called before every write over persistent registers: from now on their values are ours. Power waits for the disk. */
export function saveOriginals(cockpit: Cockpit): void {
  const { values, state, saving, unsavedSinceMs = cockpit.clock.now() } = cockpit.originals;
  if (state === 'saved' || state === 'unknown' || saving) return;
  cockpit.originals = { values, state: 'touched', saving: true, unsavedSinceMs };
  const { board, asset } = cockpit.input;
  void save(cockpit, true).then(
    () => saved(true),
    () => saved(false),
  );

  function saved(onDisk: boolean): void {
    const left = { ...cockpit.originals, saving: false };
    cockpit.originals = onDisk ? { ...left, state: 'saved', unsavedSinceMs: undefined } : { ...left, state: 'touched' };
    board.alarm(
      'originals-unsaved',
      !onDisk,
      'P2',
      'the original values of the device cannot be saved: no power until they are',
      asset.id,
    );
    if (onDisk) cockpit.wake();
  }
}

/** How long a hold of a battery at rest waits for the record, however often the disk refuses it meanwhile. */
const RECORD_WAIT_MS = 1000;

/**
 * A hold that has nothing to stop lets the record go first, so that a crash between the two cannot make a limit of ours
 * look like an original. Whatever stops power waits for nothing.
 */
export function awaitsRecord(cockpit: Cockpit, { forced, nowMs }: Situation): boolean {
  const { unsavedSinceMs } = cockpit.originals;
  const power = followed(cockpit);
  if (unsavedSinceMs === undefined || nowMs - unsavedSinceMs >= RECORD_WAIT_MS || forced) return false;
  return power !== undefined && Math.abs(power) <= toleranceW(ratingOf(cockpit.input));
}

/** The device has its own values again. */
export function originalsRestored(cockpit: Cockpit): void {
  if (cockpit.originals.state !== 'saved') return;
  cockpit.originals = { ...cockpit.originals, state: 'clean' };
  void save(cockpit, false).catch(() => undefined);
}

export function acceptFirmware(cockpit: Cockpit): void {
  cockpit.acceptedFirmware = cockpit.firmware;
  const { state } = cockpit.originals;
  void save(cockpit, state === 'saved' || state === 'touched').catch(() => undefined);
}

function save(cockpit: Cockpit, touched: boolean): Promise<void> {
  const record: OriginalsRecord = {
    version: 1,
    serial: cockpit.serial ?? '',
    acceptedFirmware: cockpit.acceptedFirmware ?? '',
    touched,
    values: cockpit.originals.values,
  };
  const newest = { record, onDisk: false };
  cockpit.input.originalsMemory.newest = newest;
  return cockpit.input.originalsFile.save(JSON.stringify(record)).then(() => {
    newest.onDisk = true;
  });
}
