/**
 * What was found in persistent registers before bessd wrote them, kept on the disk so that `release` can restore it also
 * after a crash. Values that bessd wrote itself are never taken for originals.
 *
 *   unknown ──first poll──▶ clean ──about to be written──▶ touched ──on disk──▶ saved ──released──▶ clean
 */
import { originalsSchema } from '../../contracts/latch.ts';
import type { OriginalsRecord } from '../../contracts/latch.ts';
import { parse } from '../../contracts/parse.ts';
import type { Cockpit } from './cockpit.ts';
import { numberAt } from './cockpit.ts';

/** Reads what an earlier run saved for this very device. An unreadable record is an alarm, and nothing is restored. */
export async function recallOriginals(cockpit: Cockpit, serial: string, firmware: string): Promise<void> {
  if (cockpit.originals.state !== 'unknown') return;
  const { board, asset, originalsFile } = cockpit.input;
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
  cockpit.acceptedFirmware = record?.acceptedFirmware ?? firmware;
  if (record?.touched) cockpit.originals = { values: record.values, state: 'saved', saving: false };
}

/** After the first poll of a connection: a device that bessd has not touched shows its originals. */
export function noteOriginals(cockpit: Cockpit): void {
  if (cockpit.originals.state !== 'unknown' && cockpit.originals.state !== 'clean') return;
  const values: Record<string, number> = {};
  for (const [name, { writable }] of Object.entries(cockpit.input.profile.points)) {
    const value = writable?.persistent ? numberAt(cockpit, name) : undefined;
    if (value !== undefined) values[name] = value;
  }
  cockpit.originals = { values, state: 'clean', saving: false };
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

/** Called before every write over persistent registers: from now on their values are ours. Power waits for the disk. */
export function saveOriginals(cockpit: Cockpit): void {
  const { values, state, saving } = cockpit.originals;
  if (state === 'saved' || state === 'unknown' || saving) return;
  cockpit.originals = { values, state: 'touched', saving: true };
  const { board, asset } = cockpit.input;
  void save(cockpit, true).then(
    () => saved(true),
    () => saved(false),
  );

  function saved(onDisk: boolean): void {
    cockpit.originals = { ...cockpit.originals, state: onDisk ? 'saved' : 'touched', saving: false };
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
  return cockpit.input.originalsFile.save(JSON.stringify(record));
}
