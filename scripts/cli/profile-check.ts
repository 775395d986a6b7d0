/** `bessd profile check`: every problem of a profile with line, path, value and expectation. Exit 0, or 2 with problems. */
import { Command } from 'commander';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Problem } from '../../contracts/parse.ts';
import { parse, problemText } from '../../contracts/parse.ts';
import { profileSchema } from '../../contracts/profile.ts';
import type { Profile } from '../../contracts/profile.ts';
import { placesIn } from './json-places.ts';
import { json, painted } from './output.ts';
import { problemsOf, warningsOf } from './profile-judgement.ts';

type Finding = Problem & { readonly line: number };

type Verdict = {
  readonly profile?: Profile;
  readonly problems: readonly Finding[];
  readonly warnings: readonly Finding[];
};

export function checkCommand(): Command {
  return new Command('check')
    .description('validate a device profile')
    .argument('<file>', 'a profile, such as profiles/huawei-sun2000-luna2000.json')
    .option('--json', 'print the findings as JSON')
    .action(check);
}

function check(file: string, { json: asJson }: { json?: boolean }): void {
  const { profile, problems, warnings } = judged(file);
  const valid = problems.length === 0;
  process.exitCode = valid ? 0 : 2;
  if (asJson) return console.log(json({ ok: valid, problems, warnings }));
  for (const one of problems) console.error(`${painted('red', 'error', process.stderr)}    ${file}:${lineText(one)}`);
  for (const one of warnings)
    console.error(`${painted('yellow', 'warning', process.stderr)}  ${file}:${lineText(one)}`);
  const counted = `${count(problems, 'problem')}, ${count(warnings, 'warning')}`;
  const about = profile
    ? `${profile.name} version ${profile.version}, ${Object.keys(profile.points).length} points: `
    : '';
  console.log(`${file}: ${about}${counted}`);
}

function judged(file: string): Verdict {
  const whole = (value: unknown, expected: string, line = 1): Verdict => ({
    problems: [{ path: '', value, expected, line }],
    warnings: [],
  });
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return whole(file, `a file that can be read (${messageOf(error)})`);
  }
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch (error) {
    return whole(undefined, `valid JSON (${messageOf(error)})`, lineOfSyntax(text, messageOf(error)));
  }
  const places = placesIn(text);
  const parsed = parse(profileSchema, input);
  const placed = (found: readonly Problem[]): Finding[] =>
    found.map((one) => ({ ...one, line: places.lineOf(one.path) })).toSorted((a, b) => a.line - b.line);
  const twice = places.twice.map((one) => ({ ...one, expected: 'a key that stands once; the last one counts' }));
  if (!parsed.ok) return { problems: placed(parsed.problems), warnings: twice };
  return {
    profile: parsed.value,
    problems: placed(problemsOf(parsed.value)),
    warnings: [...twice, ...placed(warningsOf(parsed.value, path.basename(file)))],
  };
}

function lineText(finding: Finding): string {
  return `${finding.line}: ${problemText(finding)}`;
}

/** V8 says where it stopped either by line or by position, depending on the mistake. */
function lineOfSyntax(text: string, message: string): number {
  const position = /at position (\d+)/.exec(message)?.[1];
  return position === undefined ? text.split('\n').length : text.slice(0, Number(position)).split('\n').length;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function count({ length }: readonly unknown[], what: string): string {
  return `${length} ${what}${length === 1 ? '' : 's'}`;
}
