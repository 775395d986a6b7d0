// deadline: 180 s
/**
 * Each planted defect is found, by a rule that is about it. The schedules are fixed and short: nothing is searched for here.
 */
import { availableParallelism } from 'node:os';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runCampaign } from './campaign.ts';
import type { Campaign, ShortRun } from './campaign.ts';
import { PLANTED } from './planted-defects.ts';
import type { PlantedDefect, PlantedName } from './planted-defects.ts';
import { scheduleOf, shownWithinMs } from './planted-schedules.ts';

const NAMES = Object.keys(PLANTED) as PlantedName[];
const LANES = availableParallelism();
/** A process of its own for each defect, and as many at once as there are cores. */
const campaigns: Promise<Campaign>[] = [];
for (const [at, name] of NAMES.entries())
  campaigns.push(
    Promise.resolve(campaigns[at - LANES]).then(() =>
      runCampaign({ schedules: [shortRun(name)], planted: name, lanes: 1 }),
    ),
  );

for (const [at, name] of NAMES.entries()) {
  const { title, foundBy }: PlantedDefect = PLANTED[name];
  test(`a defect is found: ${title}`, async () => {
    const found = await campaigns[at];
    assert.equal(found?.broken, []);
    const rules = found?.failures.flatMap(({ violations }) => violations.map(({ rule }) => rule)) ?? [];
    assert.ok(
      rules.some((rule) => foundBy.includes(rule)),
      `broke ${rules.join(', ') || 'nothing'}, expected one of ${foundBy.join(', ')}`,
    );
  });
}

test('without a defect none of these schedules breaks a rule', async () => {
  const { verdicts, failures, broken } = await runCampaign({ schedules: NAMES.map(shortRun), lanes: 1 });
  assert.equal(broken, []);
  assert.equal(failures, []);
  assert.is(verdicts.length, NAMES.length);
});

function shortRun(name: PlantedName): ShortRun {
  const schedule = scheduleOf(name);
  return { schedule, untilMs: shownWithinMs(schedule) };
}

test.run();
