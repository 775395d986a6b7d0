/**
 * A starting profile for one SunSpec device: the rows of the shipped SunSpec profiles that this device really has, and
 * control by what it offers: 704 with 715, else 124 with 123, else 802, else none.
 *
 * What the device does not have is listed under `cannot`, since its scan shows that it has no register for it; the caller
 * tells the user which limits are off by that.
 */
import type { Measurand, PointRow, SunspecReference } from '../../contracts/profile-point.ts';
import { JUDGED_MEASURANDS } from '../../contracts/profile-point.ts';
import type { Profile } from '../../contracts/profile.ts';
import type { RawSunspecModel } from '../../contracts/sunspec.ts';
import { loadSunspecModel } from '../../io/sunspec-models.ts';
import { loadProfile } from '../../io/site-file.ts';
import { exponentOf, layModel } from '../../machines/sunspec/layout.ts';
import type { LaidPoint } from '../../machines/sunspec/layout.ts';

export type StartingProfile = {
  readonly profile: Profile;
  /** How it is controlled, in words. */
  readonly control: string;
  /** What a person should look at before the profile is used. */
  readonly remarks: readonly string[];
};

/** In the order of preference, each with the models that its control needs. */
const KINDS = [
  { name: 'sunspec-704', models: [704, 715], control: 'setpoint of model 704, operation of 715' },
  { name: 'sunspec-124', models: [124, 123], control: 'rates of model 124, connection of 123' },
  { name: 'sunspec-802', models: [802], control: 'stop only, by model 802' },
] as const;
const INVERTER_MODELS = [101, 102, 103, 111, 112, 113];
const IDENTITY = ['manufacturer', 'model_name', 'serial_number', 'firmware'];

type Laid = ReadonlyMap<number, readonly LaidPoint[]>;

export function startingProfile(name: string, models: readonly RawSunspecModel[]): StartingProfile {
  const laid = laidOut(models);
  const templates = KINDS.map((kind) => ({ ...kind, profile: fitted(loadProfile(kind.name, '.', kind.name), laid) }));
  const chosen = templates.find(
    ({ profile, models: needed }) => needed.every((id) => laid.has(id)) && isControllable(profile, laid),
  );
  const remarks: string[] = [];
  const first = chosen ?? templates[laid.has(124) || !laid.has(701) ? 1 : 0];
  if (!first) throw new Error('there are templates');
  const points = rowsOf(
    [first.profile, ...templates.map(({ profile }) => profile)],
    laid,
    controlPoints(first.profile),
  );
  const sums = new Set(Object.values(points).flatMap(({ sum = [] }) => sum));
  const measured = new Set(Object.entries(points).flatMap(([, { measures }]) => (measures ? [measures] : [])));
  const blind = JUDGED_MEASURANDS.filter((measurand) => !measured.has(measurand));
  const powerless =
    chosen && chosen.name !== 'sunspec-802' && !measured.has(chosen.profile.control?.follows ?? 'batteryPowerW');
  if (powerless) remarks.push('the power that the setpoint moves is not measured: without it nothing is commanded');
  const commanded = chosen && !powerless ? chosen : undefined;
  if (commanded && blind.length > 0) remarks.push(`no limits on ${blind.join(', ')}: the device has no such registers`);
  for (const one of duplicates(models))
    remarks.push(`several models ${one}: rows of it are left out, add them with "instance"`);
  const { control, $schema: _editors, ...rest } = first.profile;
  const kept = Object.fromEntries(
    Object.entries(points).filter(
      ([row, { measures, writable }]) =>
        measures || writable || sums.has(row) || IDENTITY.includes(row) || row === control?.deadman?.remaining,
    ),
  );
  const model = textOf(laid, 'Md');
  const profile: Profile = {
    ...rest,
    name,
    version: 1,
    title: [textOf(laid, 'Mn'), model].filter((text) => text !== '').join(' ') || name,
    verified: [
      `Written by a scan of one device (${model}, serial ${textOf(laid, 'SN')}). Nothing was verified: compare signs and values with the device, then command it with little power.`,
    ],
    sources: ['The models of the device itself, read by bessd profile scan', ...rest.sources.slice(0, 1)],
    points: kept,
    cannot: blind,
    identity: {
      ...rest.identity,
      modelPattern: `^${model.replaceAll(/[^\w ]/g, String.raw`\$&`)}$`,
      firmware: kept['firmware'] ? 'firmware' : 'manufacturer',
    },
    ...(commanded && control && { control: controlOf(control, kept) }),
  };
  return { profile, control: commanded?.control ?? 'none, the device is only read', remarks };
}

/** Rows that this device has; of each measurand those of the first profile that has any. */
function rowsOf(profiles: readonly Profile[], laid: Laid, needed: ReadonlySet<string>): Profile['points'] {
  const points: Record<string, PointRow> = {};
  const taken = new Map<Measurand, Profile>();
  for (const profile of profiles) {
    const has = (row: PointRow | undefined): boolean =>
      row !== undefined && (row.sum ? row.sum.every((part) => has(profile.points[part])) : isThere(row.sunspec, laid));
    for (const [name, row] of Object.entries(profile.points)) {
      if (!has(row) || (row.writable && !(profile === profiles[0] && needed.has(name))) || name in points) continue;
      if (row.measures && (taken.get(row.measures) ?? profile) !== profile) continue;
      if (row.measures) taken.set(row.measures, profile);
      if (profile === profiles[0] || row.measures || row.sum) points[name] = row;
      for (const part of row.sum ?? []) points[part] ??= profile.points[part] as PointRow;
    }
  }
  return points;
}

function controlPoints({ control }: Profile): ReadonlySet<string> {
  const steps = Object.values(control?.sequences ?? {}).flatMap((sequence) => sequence ?? []);
  return new Set(steps.flatMap(({ set }) => Object.keys(set)));
}

/** All that its sequences write is there; a heartbeat may be missing. */
function isControllable(profile: Profile, laid: Laid): boolean {
  return [...controlPoints(profile)].every(
    (name) => profile.points[name]?.group === 'never' || isThere(profile.points[name]?.sunspec, laid),
  );
}

/** Steps and points that the device does not have are left out, where the rest works without them. */
function controlOf(
  control: NonNullable<Profile['control']>,
  points: Profile['points'],
): NonNullable<Profile['control']> {
  const sequences = Object.fromEntries(
    Object.entries(control.sequences).map(([title, steps]) => [
      title,
      steps?.filter(({ set }) => Object.keys(set).every((name) => name in points)),
    ]),
  ) as NonNullable<Profile['control']>['sequences'];
  if (!control.deadman) return { ...control, sequences };
  const { remaining, ...deadman } = control.deadman;
  const counted = remaining !== undefined && remaining in points ? { remaining } : {};
  return { ...control, sequences, deadman: { ...deadman, ...counted } };
}

/** The inverter model and the inputs of 160 that this device has, in place of those of the shipped profile. */
function fitted(profile: Profile, laid: Laid): Profile {
  const inverter = INVERTER_MODELS.find((id) => laid.has(id)) ?? 103;
  const charging = inputOf(laid, /st(or)?.?cha/i);
  const discharging = inputOf(laid, /st(or)?.?dis/i);
  const points = Object.fromEntries(
    Object.entries(profile.points).map(([name, row]): [string, PointRow] => {
      const { sunspec } = row;
      if (sunspec?.model === 103) return [name, { ...row, sunspec: { ...sunspec, model: inverter } }];
      if (sunspec?.model === 160 && name === 'charging_power')
        return [name, { ...row, sunspec: { ...sunspec, index: charging } }];
      if (sunspec?.model === 160 && name === 'discharging_power')
        return [name, { ...row, sunspec: { ...sunspec, index: discharging } }];
      return [name, row];
    }),
  );
  return { ...profile, points };
}

/** Number of the input of model 160 with such a name; one that no device has where there is none. */
function inputOf(laid: Laid, pattern: RegExp): number {
  const names = (laid.get(160) ?? []).filter(({ name }) => /^module\[\d+\]\.IDStr$/.test(name));
  const at = names.findIndex(({ raw }) => typeof raw === 'string' && pattern.test(raw));
  return at < 0 ? 99 : at + 1;
}

function laidOut(models: readonly RawSunspecModel[]): Laid {
  const twice = duplicates(models);
  return new Map(
    models.flatMap(({ id, words }) => {
      const definition = loadSunspecModel(id);
      return definition && !twice.includes(id) ? [[id, layModel(definition, words)] as const] : [];
    }),
  );
}

function duplicates(models: readonly RawSunspecModel[]): readonly number[] {
  return [...new Set(models.map(({ id }) => id).filter((id, at, all) => all.indexOf(id) !== at))];
}

/** In the device, implemented, and with its scale factor. */
function isThere(sunspec: SunspecReference | undefined, laid: Laid): boolean {
  if (!sunspec) return false;
  const { model, point, group, index } = sunspec;
  const name = group === undefined ? point : `${group}[${index === 'each' ? 1 : index}].${point}`;
  const found = laid.get(model)?.find((one) => one.name === name);
  return found !== undefined && found.raw !== null && exponentOf(found.point, found.scope) !== undefined;
}

function textOf(laid: Laid, point: string): string {
  return String(laid.get(1)?.find(({ name }) => name === point)?.raw ?? '');
}
