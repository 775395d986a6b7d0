/**
 * What must hold between the rows of a profile: names that exist, signs that are given, steps that can be written.
 */
import type { Control, StepValue } from './profile-control.ts';
import type { Measurand, PointRow } from './profile-point.ts';
import { JUDGED_MEASURANDS, registersOf } from './profile-point.ts';

/** As much of a profile as is checked here. */
type Checked = {
  readonly kind: 'hybrid' | 'battery' | 'meter';
  readonly transport: { readonly registers: 'holding' | 'input' };
  readonly points: Readonly<Record<string, PointRow>>;
  readonly parts?: { readonly all: readonly string[] } | undefined;
  readonly cannot: readonly Measurand[];
  readonly identity: Readonly<Record<'model' | 'serial' | 'firmware', string>>;
  readonly control?: Control | undefined;
};
type Path = readonly (string | number)[];
type Complain = (path: Path, message: string) => void;

const SIGNED_POWERS: readonly (Measurand | undefined)[] = [
  'batteryPowerW',
  'acPowerW',
  'gridPowerW',
  'pvPowerW',
  'currentA',
];

/** Sequences that may raise power; the others must not depend on anything that has to be looked up first. */
const POWER_SEQUENCES: readonly string[] = ['charge', 'discharge', 'release'];

export function checkProfile(profile: Checked, complain: Complain): void {
  for (const [name, row] of Object.entries(profile.points)) checkRow(name, row, profile, complain);
  for (const key of ['model', 'serial', 'firmware'] as const) {
    // Who is asked for what it is must be who is written to.
    if (profile.points[profile.identity[key]]?.unitId !== undefined)
      complain(['identity', key], 'a point of the device itself, without a unitId');
    checkName(profile.identity[key], ['identity', key], profile, complain);
  }
  if (profile.control) checkControl(profile.control, profile, complain);
}

function checkName(name: string, path: Path, { points }: Checked, complain: Complain): void {
  if (!(name in points)) complain(path, `the name of a point of this profile ("${name}" is none)`);
}

function checkRow(name: string, row: PointRow, profile: Checked, complain: Complain): void {
  const path = ['points', name];
  checkSource(path, row, profile, complain);
  if (SIGNED_POWERS.includes(row.measures) && !row.positive && !row.sum) {
    complain(
      [...path, 'positive'],
      'the direction of positive values (discharge, charge, generation, import or export)',
    );
  }
  if (row.writable && (row.registers ?? profile.transport.registers) === 'input')
    complain([...path, 'registers'], 'holding: input registers cannot be written');
  if (row.unitId !== undefined && (row.writable || row.sunspec || row.sum || row.measures))
    complain(
      [...path, 'unitId'],
      'nothing for what is written, judged, added up, or bound: another unit is only shown',
    );
  if (row.part && !profile.parts?.all.includes(row.part)) complain([...path, 'part'], 'a part named in parts.all');
  if (row.writable?.maxFrom) checkName(row.writable.maxFrom, [...path, 'writable', 'maxFrom'], profile, complain);
}

/** Exactly one way to find the value. */
function checkSource(path: Path, row: PointRow, profile: Checked, complain: Complain): void {
  const { register, type, sunspec, sum, length } = row;
  const ways = [register ?? type, sunspec, sum].filter((way) => way !== undefined).length;
  if (ways !== 1) complain(path, 'one of: register with type, sunspec, sum');
  if (!sunspec && !sum && (register === undefined || type === undefined))
    complain([...path, register === undefined ? 'register' : 'type'], 'a register together with its type');
  if ((type === 'string') !== (length !== undefined))
    complain([...path, 'length'], 'a length in registers for strings, and only for them');
  if (sunspec && (sunspec.group === undefined) !== (sunspec.index === undefined))
    complain([...path, 'sunspec'], 'group and index together, or neither');
  if (sunspec && row.invalid) complain([...path, 'invalid'], 'no markers of its own: the type in the model has them');
  sum?.forEach((part, at) => {
    checkName(part, [...path, 'sum', at], profile, complain);
    if (profile.points[part]?.sum) complain([...path, 'sum', at], 'a point that is no sum itself');
  });
  if (sum && row.writable) complain([...path, 'writable'], 'nothing: a sum has no register');
}

function checkControl(control: Control, profile: Checked, complain: Complain): void {
  for (const measurand of JUDGED_MEASURANDS) {
    const measured = Object.values(profile.points).some(({ measures }) => measures === measurand);
    if (measured === profile.cannot.includes(measurand))
      complain(['cannot'], `${measurand} either measured by a point or named here, so that no limit is off unnoticed`);
  }
  const { deadman, forced, sequences, watch } = control;
  if (control.follows === 'acPowerW' && profile.kind === 'hybrid')
    complain(['control', 'follows'], 'batteryPowerW: at the AC terminal of a hybrid its PV is part of the power');
  if (deadman && deadman.rearmMs * 3 > deadman.timeoutMs)
    complain(['control', 'deadman', 'rearmMs'], 'at most a third of timeoutMs');
  if (deadman?.remaining) checkName(deadman.remaining, ['control', 'deadman', 'remaining'], profile, complain);
  if (forced) checkName(forced.point, ['control', 'forced', 'point'], profile, complain);
  if ((sequences.charge === undefined) !== (sequences.discharge === undefined))
    complain(['control', 'sequences'], 'charge and discharge, or neither where the device can only be stopped');
  if (sequences.charge && !deadman)
    complain(['control', 'deadman'], 'what ends forced power when bessd falls silent (the timeout may be long)');
  watch.forEach((name, at) => checkName(name, ['control', 'watch', at], profile, complain));
  checkIntervals(control, profile, complain);
  for (const [title, steps] of Object.entries(sequences)) {
    steps?.forEach(({ set }, at) =>
      checkStep(title, set, ['control', 'sequences', title, at, 'set'], profile, complain),
    );
  }
}

/** What is written every time the dead-man is armed again must be allowed so often. */
function checkIntervals({ deadman, sequences }: Control, profile: Checked, complain: Complain): void {
  const names = [...(sequences.charge ?? []), ...(sequences.discharge ?? [])].flatMap(({ set }) => Object.keys(set));
  for (const name of new Set(names)) {
    const { leastIntervalMs = 0, persistent, writeOnChange = persistent } = profile.points[name]?.writable ?? {};
    if (deadman && !writeOnChange && leastIntervalMs > deadman.rearmMs)
      complain(
        ['points', name, 'writable', 'leastIntervalMs'],
        `at most control.deadman.rearmMs (${deadman.rearmMs}), at which it is written again`,
      );
  }
}

function checkStep(
  title: string,
  set: Readonly<Record<string, StepValue>>,
  path: Path,
  profile: Checked,
  complain: Complain,
): void {
  let next: number | undefined;
  for (const [name, value] of Object.entries(set)) {
    const row = profile.points[name];
    if (!row) {
      checkName(name, path, profile, complain);
      continue;
    }
    if (!row.writable || row.sum || row.sunspec?.index === 'each') complain([...path, name], 'a writable point');
    if (typeof value === 'object') checkName(value.percentOf, [...path, name, 'percentOf'], profile, complain);
    if (usesSign(value) && !(row.writable && row.writable.min < 0))
      complain([...path, name], 'a point whose writable.min is below zero, since one direction is negative');
    const waits = row.sunspec && value !== 0 && typeof value !== 'number';
    if (waits && !POWER_SEQUENCES.includes(title))
      complain([...path, name], `a number: ${title} is a safe sequence, which waits for nothing`);
    if (next !== undefined && row.register !== undefined && row.register !== next)
      complain([...path, name], `register ${next}, adjacent to the point before it`);
    next =
      row.register !== undefined && row.type
        ? row.register + registersOf({ type: row.type, length: row.length })
        : undefined;
  }
}

function usesSign(value: StepValue): boolean {
  return value === 'signed' || (typeof value === 'object' && value.of === 'signed');
}
