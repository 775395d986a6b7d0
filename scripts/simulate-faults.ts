/**
 * `npm run simulate:faults -- --seeds N [--seed S] [--jobs N] [--json]`: whole sites in which everything goes wrong, each from one seed.
 *
 * `--seed S` alone replays that seed and prints its schedule. A seed that fails is made smaller and printed. The last line is
 * `N passed, N failed`. Exit 1 when a rule was broken, 2 for arguments that are wrong.
 */
import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { runCampaign, seedsFrom } from '../test/simulation/campaign.ts';
import { drawSchedule } from '../test/simulation/draw.ts';
import { runSchedule } from '../test/simulation/run.ts';
import type { Verdict } from '../test/simulation/run.ts';
import { printed } from '../test/simulation/schedule.ts';
import { shrink } from '../test/simulation/shrink.ts';

const SEEDS = 300;
const LARGEST_SEED = 2 ** 30;

const options = new Command('npm run simulate:faults --')
  .option('--seeds <n>', `how many seeds; without it ${SEEDS}, or 1 with --seed`)
  .option('--seed <s>', 'the first seed; without it one by chance, which is printed')
  .option('--jobs <n>', 'processes at once; without it as many as there are cores')
  .option('--shrink <n>', 'how many failing seeds are made smaller', '3')
  .option('--json', 'the result as JSON on stdout', false)
  .parse()
  .opts<{ seeds?: string; seed?: string; jobs?: string; shrink: string; json: boolean }>();

const replay = options.seed !== undefined && options.seeds === undefined;
const first = options.seed === undefined ? Math.floor(Math.random() * LARGEST_SEED) : Number(options.seed);
const count = replay ? 1 : Number(options.seeds ?? SEEDS);
const jobs = options.jobs === undefined ? availableParallelism() : Number(options.jobs);
if (!Number.isSafeInteger(jobs) || jobs < 1) {
  console.error(`--jobs is a whole number of processes: got ${options.jobs ?? ''}`);
  process.exit(2);
}
if (!Number.isSafeInteger(first) || !(count >= 1)) {
  console.error(`seeds are whole numbers: got --seed ${options.seed ?? ''} --seeds ${options.seeds ?? ''}`);
  process.exit(2);
}

if (!options.json) console.log(replay ? printed(drawSchedule(first)) : `seeds ${first} to ${first + count - 1}`);
const { verdicts, failures, broken, elapsedMs } = await runCampaign({
  seeds: seedsFrom(first, count),
  lanes: jobs,
  onVerdict: (verdict, done) => {
    if (options.json) return;
    if (verdict.violations.length > 0) console.log(broke(verdict));
    if (done % 100 === 0) console.log(`${done} seeds`);
  },
});
const hours = verdicts.reduce((sum, { simulatedMs }) => sum + simulatedMs, 0) / 3_600_000;
const writes = verdicts.reduce((sum, one) => sum + one.writes, 0);

if (options.json) {
  console.log(
    JSON.stringify({ first, seeds: verdicts.length, failures, broken, hours, writes, elapsedMs }, undefined, 2),
  );
} else {
  for (const verdict of failures.slice(0, Number(options.shrink))) console.log(await smaller(verdict));
  for (const one of broken) console.log(one);
  if (replay) console.log(`trace ${verdicts[0]?.traceHash ?? 'none'}`);
  const perMinute = Math.round((verdicts.length * 60_000) / elapsedMs);
  console.log(
    `\n${hours.toFixed(1)} site hours, ${writes} writes judged; ${perMinute} seeds a minute from number ${first} on` +
      `\n${verdicts.length - failures.length} passed, ${failures.length + broken.length} failed`,
  );
}
process.exitCode = failures.length + broken.length > 0 || verdicts.length < count ? 1 : 0;

async function smaller({ seed, violations }: Verdict): Promise<string> {
  const rule = violations[0]?.rule ?? '';
  const schedule = await shrink(drawSchedule(seed), rule, runSchedule);
  return `\nthe smallest schedule found that breaks "${rule}":\n${printed(schedule)}\n${broke(await runSchedule(schedule))}`;
}

function broke({ seed, violations, traceHash }: Verdict): string {
  const lines = violations.map(({ atMs, rule, what }) => `  at ${(atMs / 1000).toFixed(3)} s  ${rule}: ${what}`);
  return [`seed ${seed} failed (trace ${traceHash})`, ...lines].join('\n');
}
