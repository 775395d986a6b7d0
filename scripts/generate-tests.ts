/**
 * `npm run generate:tests`: scenario files that take every transition of every machine, and every pair of transitions.
 *
 * Writes test/generated/MACHINE.txt; with `--check` it only compares. A line is `event > state, what changes (effects)`.
 * test/prove/scenarios.test.ts runs them against XState and, where it can make the events, against a whole site.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { compile } from '../machines/compiled/compile.ts';
import { scenariosOf } from '../prover/paths.ts';
import { SUBJECTS } from '../prover/subjects.ts';

const ROOT = path.dirname(import.meta.dirname);
const FOLDER = 'test/generated';

const checking = process.argv.includes('--check');
if (!checking) mkdirSync(path.join(ROOT, FOLDER), { recursive: true });
for (const subject of SUBJECTS) {
  const compiled = compile(subject.machine);
  const scenarios = subject.inputs.flatMap((_, input) => scenariosOf(subject, compiled, input));
  const blocks = scenarios.map(({ input, steps }, at) =>
    [`scenario ${at + 1}, input ${input + 1}`, ...steps.map(({ event, outcome }) => `  ${event} > ${outcome}`)].join(
      '\n',
    ),
  );
  const file = `${FOLDER}/${subject.name}.txt`;
  const text = `# Made from ${subject.file} by scripts/generate-tests.ts; not edited by hand.\n\n${blocks.join('\n\n')}\n`;
  if (!checking) {
    writeFileSync(path.join(ROOT, file), text);
    const steps = scenarios.reduce((sum, scenario) => sum + scenario.steps.length, 0);
    console.log(`${file}: ${scenarios.length} scenarios, ${steps} events`);
  } else if (text !== stored(file)) {
    console.error(`${file} differs from ${subject.file}: run node scripts/generate-tests.ts`);
    process.exitCode = 1;
  }
}

function stored(file: string): string | undefined {
  try {
    return readFileSync(path.join(ROOT, file), 'utf8');
  } catch {
    return undefined; // a file that is not there differs
  }
}
