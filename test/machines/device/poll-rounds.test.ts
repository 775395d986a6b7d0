import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseOrThrow } from '../../../contracts/parse.ts';
import { profileSchema } from '../../../contracts/profile.ts';
import { pollRounds } from '../../../machines/device/poll-rounds.ts';
import type { BlockRead } from '../../../machines/device/read-plan.ts';
import { installedPoints } from '../../../machines/device/read-plan.ts';
import { boundAsWritten } from '../../../machines/sunspec/bind.ts';
import huawei from '../../../profiles/huawei-sun2000-luna2000.json' with { type: 'json' };

const test = suite('poll rounds');
const profile = boundAsWritten(parseOrThrow(profileSchema, huawei, 'huawei'));

test('every poll reads the whole fast group, and after slowEvery polls every slow point has been read once', () => {
  const points = installedPoints(profile, profile.parts?.all);
  const { rounds } = pollRounds(profile, points);
  assert.is(rounds.length, profile.slowEvery);
  const named = (group: string): string[] =>
    [...points].flatMap(([name, point]) => (point.group === group ? [name] : [])).toSorted();
  for (const round of rounds)
    assert.equal(
      namesIn(round)
        .filter((name) => points.get(name)?.group === 'fast')
        .toSorted(),
      named('fast'),
    );
  assert.equal(
    rounds
      .flatMap(namesIn)
      .filter((name) => points.get(name)?.group === 'slow')
      .toSorted(),
    named('slow'),
  );
});

test('no poll is more than one request longer than another', () => {
  const { rounds } = pollRounds(profile, installedPoints(profile, profile.parts?.all));
  const lengths = rounds.map((round) => round.length);
  assert.ok(Math.max(...lengths) - Math.min(...lengths) <= 1, lengths.join(' '));
});

test('the first poll after a connection reads all that can be read', () => {
  const points = installedPoints(profile);
  const { first } = pollRounds(profile, points);
  assert.equal(
    namesIn(first).toSorted(),
    [...points].flatMap(([name, { group }]) => (group === 'never' ? [] : [name])).toSorted(),
  );
});

test.run();

function namesIn(blocks: readonly BlockRead[]): string[] {
  return blocks.flatMap(({ points }) => points.map(({ name }) => name));
}
