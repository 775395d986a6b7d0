// deadline: 420 s
/**
 * Whole sites in which everything goes wrong: a fixed set of seeds, and others on every run. How many of the others depends
 * on the machine: they end after 20 s.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runCampaign, seedsFrom } from './campaign.ts';
import type { Campaign } from './campaign.ts';
import { drawSchedule } from './draw.ts';
import { runSchedule } from './run.ts';
import { printed } from './schedule.ts';
import { shrink } from './shrink.ts';

const FIXED = seedsFrom(1, 10);
const FRESH = 400;
const FRESH_WITHIN_MS = 20_000;

test('a fixed set of schedules breaks no rule', async () => {
  await passes(await runCampaign({ seeds: FIXED, mostFailures: 1 }));
});

test('schedules that nobody has run before break no rule', async () => {
  const first = Math.floor(Math.random() * 2 ** 30);
  console.log(`seeds from ${first}`);
  const campaign = await runCampaign({ seeds: seedsFrom(first, FRESH), withinMs: FRESH_WITHIN_MS, mostFailures: 1 });
  console.log(`${campaign.verdicts.length} seeds in ${Math.round(campaign.elapsedMs / 1000)} s`);
  assert.ok(campaign.verdicts.length > 0);
  await passes(campaign);
});

test('the same seed gives the same trace, also in another process', async () => {
  const [seed = 0] = FIXED;
  const here = await runSchedule(drawSchedule(seed));
  const again = await runSchedule(drawSchedule(seed));
  const { verdicts } = await runCampaign({ seeds: [seed], lanes: 1 });
  assert.is(again.traceHash, here.traceHash);
  assert.is(verdicts[0]?.traceHash, here.traceHash);
});

test('another seed gives another trace', async () => {
  const [one, other] = [await runSchedule(drawSchedule(3)), await runSchedule(drawSchedule(4))];
  assert.is.not(one.traceHash, other.traceHash);
});

async function passes({ failures, broken }: Campaign): Promise<void> {
  assert.equal(broken, []);
  const [failure] = failures;
  if (!failure) return;
  const rule = failure.violations[0]?.rule ?? '';
  const smaller = await shrink(drawSchedule(failure.seed), rule, runSchedule, 40);
  assert.unreachable(`${JSON.stringify(failure.violations, undefined, 1)}\n${printed(smaller)}`);
}

test.run();
