/**
 * What the schema cannot see in a profile: rows that can never work (problems), and rows that work but look wrong
 * (warnings). A warning names something that its author most likely did not mean.
 */
import type { Problem } from '../../contracts/parse.ts';
import type { BoundProfile, Point, Profile } from '../../contracts/profile.ts';
import { INVERTER_STATES, JUDGED_MEASURANDS, registersOf } from '../../contracts/profile.ts';
import { encode } from '../../machines/device/codec.ts';
import { sunspecDefinitions } from '../../io/sunspec-models.ts';
import { pollRounds } from '../../machines/device/poll-rounds.ts';
import { installedPoints } from '../../machines/device/read-plan.ts';
import { bindProfile, referencedModels } from '../../machines/sunspec/bind.ts';
import type { Binding } from '../../machines/sunspec/bind.ts';
import { typicalDevice } from '../../machines/sunspec/typical.ts';

type Complain = (path: string, value: unknown, expected: string) => void;

/** The poll of a site file that says nothing else. */
const USUAL_POLL_MS = 1000;

export function problemsOf(written: Profile): readonly Problem[] {
  return gathered((complain) => {
    const { modelPattern } = written.identity;
    if (!isPattern(modelPattern)) complain('identity.modelPattern', modelPattern, 'a regular expression');
    const binding = boundTypically(written);
    if (!binding.ok) {
      for (const lack of binding.lacks) complain('points', lack, 'what the official model definitions have');
      return;
    }
    const { profile } = binding;
    for (const [name, point] of Object.entries(profile.points)) {
      const { range, register } = point;
      if (range && range[0] >= range[1]) complain(`points.${name}.range`, range, 'the lower bound before the upper');
      if (register + registersOf(point) > 65_536)
        complain(`points.${name}.register`, register, 'the whole point within the registers 0 to 65535');
    }
    for (const { path, point, value } of constantsOf(profile)) {
      const { min = 0, max = Number.POSITIVE_INFINITY } = point.writable ?? {};
      if (value < min || value > max) complain(path, value, `within ${min} to ${max}, as the point says (writable)`);
      if (!encode(point, value, profile.transport.wordOrder))
        complain(path, value, `a value that ${point.type} with gain ${point.gain} can hold and that is no marker`);
    }
  });
}

export function warningsOf(written: Profile, fileName: string): readonly Problem[] {
  return gathered((complain) => {
    if (fileName !== `${written.name}.json`)
      complain('name', written.name, `the name of the file (${fileName}), since a site file finds it by that`);
    const binding = boundTypically(written);
    if (!binding.ok) return;
    const { profile } = binding;
    warnOfOverlaps(profile, complain);
    warnOfBlocks({ transport: written.transport, points: profile.points }, complain);
    warnOfPoll(profile, complain);
    warnOfPoints(profile, complain);
    warnOfMeasurands(written, complain);
  });
}

/** SunSpec rows as a device would have them whose models are as long as their definitions. */
function boundTypically(profile: Profile): Binding {
  const definitions = sunspecDefinitions(referencedModels(profile));
  return bindProfile(profile, definitions, typicalDevice(profile, definitions));
}

function warnOfOverlaps(profile: BoundProfile, complain: Complain): void {
  const rows = Object.entries(profile.points)
    .map(([name, point]) => ({ name, start: point.register, end: point.register + registersOf(point) }))
    .toSorted((a, b) => a.start - b.start || b.end - a.end);
  let before = rows[0];
  for (const row of rows.slice(1)) {
    if (before && row.start < before.end)
      complain(`points.${row.name}.register`, row.start, `no register of ${before.name} (to ${before.end - 1})`);
    if (!before || row.end > before.end) before = row;
  }
}

function warnOfBlocks({ transport, points }: Pick<BoundProfile, 'transport' | 'points'>, complain: Complain): void {
  const { blocks, maxReadRegisters } = transport;
  blocks.forEach((block, at) => {
    const path = `transport.blocks[${at}]`;
    const end = block.register + block.count;
    const inside = Object.values(points).filter(
      (point) => point.register >= block.register && point.register + registersOf(point) <= end,
    );
    if (inside.length === 0) complain(path, block, 'a range in which a point lies');
    if (block.count > maxReadRegisters)
      complain(`${path}.count`, block.count, `at most maxReadRegisters (${maxReadRegisters})`);
  });
}

/** Every tenth of a second that a device takes to answer comes on top. */
function warnOfPoll(profile: BoundProfile, complain: Complain): void {
  const { requestGapMs } = profile.transport;
  const { rounds } = pollRounds(profile, installedPoints(profile));
  const requests = Math.max(...rounds.map((blocks) => blocks.length));
  const gapsMs = requests * requestGapMs;
  if (gapsMs < USUAL_POLL_MS) return;
  const expected = `${requests} requests of a poll to fit into ${USUAL_POLL_MS} ms, their gaps alone take ${gapsMs} ms; declare blocks`;
  complain('transport.requestGapMs', requestGapMs, expected);
}

function warnOfPoints({ points }: BoundProfile, complain: Complain): void {
  const alarms = new Map<string, string>();
  for (const [name, point] of Object.entries(points)) {
    const path = `points.${name}`;
    const bitCount = registersOf(point) * 16;
    for (const [bit, { name: alarm }] of Object.entries(point.bits ?? {})) {
      if (Number(bit) >= bitCount) complain(`${path}.bits.${bit}`, alarm, `a bit below ${bitCount} (${point.type})`);
      const other = alarms.get(alarm);
      if (other) complain(`${path}.bits.${bit}.name`, alarm, `a name of its own, ${other} has it too`);
      alarms.set(alarm, path);
    }
    if (point.range && isUnreachable(point, point.range))
      complain(`${path}.range`, point.range, `a range that ${point.type} with gain ${point.gain} can reach`);
    if (point.writable?.persistent && point.writable.budgetPerDay === undefined)
      complain(`${path}.writable`, 'persistent', 'a budgetPerDay, since the memory of the device wears');
  }
}

function warnOfMeasurands({ points, cannot, control }: Profile, complain: Complain): void {
  const rows = Object.entries(points);
  for (const measurand of JUDGED_MEASURANDS) {
    const measuring = rows.filter(([, { measures }]) => measures === measurand);
    const [first] = measuring;
    if (control && first && measuring.every(([, { group }]) => group === 'once' || group === 'never'))
      complain(`points.${first[0]}.group`, first[1].group, `fast or slow, since the guard judges by ${measurand}`);
  }
  cannot.forEach((measurand, at) => {
    if (rows.some(([, { measures }]) => measures === measurand))
      complain(`cannot[${at}]`, measurand, 'a measurand that no point measures');
  });
  for (const [name, point] of rows) {
    if (point.measures !== 'inverterState') continue;
    const states: readonly string[] = INVERTER_STATES;
    for (const [raw, state] of Object.entries(point.values ?? {}))
      if (!states.includes(state.replace(/_off_grid$/, '')))
        complain(`points.${name}.values.${raw}`, state, `one of ${states.join(', ')}, with or without _off_grid`);
    if (!point.values) complain(`points.${name}.values`, undefined, 'names of the raw states, none is known without');
  }
}

type Constant = { readonly path: string; readonly point: Point; readonly value: number };

function constantsOf({ points, control }: BoundProfile): readonly Constant[] {
  return Object.entries(control?.sequences ?? {}).flatMap(([title, steps]) =>
    (steps ?? []).flatMap(({ set }, at) =>
      Object.entries(set).flatMap(([name, value]) => {
        const point = points[name];
        const path = `control.sequences.${title}[${at}].set.${name}`;
        return point && typeof value === 'number' ? [{ path, point, value }] : [];
      }),
    ),
  );
}

/** No raw value of the type lands in the range, so the point would be missing for ever. */
function isUnreachable(point: Point, [low, high]: readonly [number, number]): boolean {
  const bits = registersOf(point) * 16;
  if (point.type === 'string' || point.type.startsWith('f')) return false;
  const signed = point.type.startsWith('i');
  const turned = point.positive === 'charge' || point.positive === 'export';
  const ends = [signed ? -(2 ** (bits - 1)) : 0, signed ? 2 ** (bits - 1) - 1 : 2 ** bits - 1].map(
    (raw) => ((turned ? -1 : 1) * raw) / point.gain,
  );
  return Math.max(...ends) < low || Math.min(...ends) > high;
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false; // the answer, not a failure
  }
}

function gathered(judge: (complain: Complain) => void): readonly Problem[] {
  const found: Problem[] = [];
  judge((path, value, expected) => found.push({ path, value, expected }));
  return found;
}
