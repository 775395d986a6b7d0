// deadline: 900 s
// alone
/** Each planted defect is found by a rule that is about it, within so few seeds that no campaign could miss it. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runCampaign, seedsFrom } from './campaign.ts';
import { PLANTED } from './planted-defects.ts';
import type { PlantedDefect, PlantedName } from './planted-defects.ts';

const FIRST_SEED = 1;
const MOST_SEEDS = 40;

for (const [name, { title, foundBy, firstSeed = FIRST_SEED }] of Object.entries(PLANTED) as [
  PlantedName,
  PlantedDefect,
][]) {
  test(`a defect is found: ${title}`, async () => {
    const rules: readonly string[] = foundBy;
    const { failures, broken } = await runCampaign({
      seeds: seedsFrom(firstSeed, MOST_SEEDS),
      planted: name,
      mostFailures: 3,
    });
    assert.equal(broken, []);
    const found = failures.flatMap(({ violations }) => violations.map(({ rule }) => rule));
    assert.ok(
      found.some((rule) => rules.includes(rule)),
      `broke ${found.join(', ') || 'nothing'}, expected one of ${rules.join(', ')}`,
    );
  });
}

test.run();
