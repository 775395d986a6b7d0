/**
 * `npm run campaign -- estop`: the E-stop on real processes in whatever can be wrong around it, each press against its budget.
 */
import { Command, Option } from 'commander';
import { CASES, estopCampaign } from '../../test/campaign/estop/estop.ts';
import type { Row } from '../../test/campaign/estop/estop.ts';
import { tableOf } from '../../test/campaign/estop/table.ts';
import type { Ending } from './ending.ts';
import { wholeNumber } from './numbers.ts';

type Options = {
  readonly only?: readonly string[];
  readonly rounds: number;
  readonly seed: number;
  readonly json: boolean;
};

/** Ten minutes each, so only by name. */
const BY_NAME = ['still'];

export function estopCommand(ending: Ending): Command {
  return new Command('estop')
    .description(
      'the E-stop at full discharge while something else is wrong: when is the first stop written, when is zero?',
    )
    .addOption(new Option('--only <name...>', 'these cases').choices(CASES.map(({ name }) => name)))
    .option('--rounds <n>', 'presses for each variant of a case', wholeNumber, 10)
    .option('--seed <n>', 'what chance begins with', wholeNumber, 1)
    .option('--json', 'the result as JSON, with every time', false)
    .addHelpText('after', `\nCases:\n${CASES.map(({ name, about }) => `  ${name.padEnd(16)}${about}`).join('\n')}`)
    .action((options: Options) => estop(options, ending));
}

async function estop({ only, rounds, seed, json }: Options, ending: Ending): Promise<void> {
  const begun = (stack: AsyncDisposableStack): void => ending.takeDownBy(() => stack.disposeAsync());
  const rows: Row[] = [];
  for (const one of CASES) {
    if (only ? !only.includes(one.name) : BY_NAME.includes(one.name)) continue;
    const missing = one.missing?.();
    if (missing !== undefined) {
      console.error(`SKIPPED: ${one.name}: ${missing}`);
      continue;
    }
    rows.push(...(await estopCampaign(one, { rounds, seed, begun }, (line) => console.error(line))));
  }
  console.log(json ? JSON.stringify({ seed, rounds, rows }) : tableOf(rows));
  for (const { name, variant, problems } of rows)
    for (const problem of problems) console.error(`${name}, ${variant}: ${problem}`);
  if (rows.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
}
