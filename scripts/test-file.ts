/**
 * One test file: how it wants to be run, and what its run proved.
 *
 * uvu exits with 0 when a file forgets `test.run()`, and waits for ever for a worker that a test left behind. So a file
 * passes only when it exits with 0, in time, with a summary of at least one test.
 */
import { readFileSync } from 'node:fs';
import type { GroupResult } from './process-group.ts';

/** Comments on the first lines of a test file: `// deadline: 300 s` and `// alone`. */
export type TestNeeds = { readonly deadlineMs: number; readonly alone: boolean };

export type TestFileResult = {
  readonly file: string;
  readonly passed: number;
  readonly failed: number;
  /** Reasons; those from uvu's own `test.skip` have no words. */
  readonly skipped: readonly string[];
  readonly elapsedMs: number;
  /** Why the file failed, `undefined` when it passed. */
  readonly failure: string | undefined;
  readonly output: string;
};

const DEFAULT_DEADLINE_MS = 60_000;
const MARKER_LINES = 15;

export function needsOf(file: string): TestNeeds {
  const head = readFileSync(file, 'utf8').split('\n').slice(0, MARKER_LINES).join('\n');
  const seconds = /^\/\/ deadline: (\d+) s$/m.exec(head)?.[1];
  return {
    deadlineMs: seconds === undefined ? DEFAULT_DEADLINE_MS : Number(seconds) * 1000,
    alone: /^\/\/ alone$/m.test(head),
  };
}

export function judge(file: string, run: GroupResult, deadlineMs: number): TestFileResult {
  const output = plain(run.output);
  const total = lastCount(output, 'Total');
  const passed = lastCount(output, 'Passed') ?? 0;
  const skippedByUvu = lastCount(output, 'Skipped') ?? 0;
  const failedByUvu = Math.max(0, (total ?? 0) - passed - skippedByUvu);
  const failure = whyFailed();
  return {
    file,
    passed,
    failed: failure === undefined ? 0 : Math.max(1, failedByUvu),
    skipped: [...skipLines(output), ...Array<string>(skippedByUvu).fill('test.skip')],
    elapsedMs: run.elapsedMs,
    failure,
    output,
  };

  function whyFailed(): string | undefined {
    if (run.timedOut) {
      return `killed after ${deadlineMs / 1000} s: ${total === undefined ? 'it hangs' : 'something keeps it from ending'}`;
    }
    if (failedByUvu > 0) return `${failedByUvu} of ${total} tests failed`;
    if (run.code !== 0) return `exit code ${run.code}`;
    if (total === undefined) return 'no test ran (is test.run() missing?)';
    if (total === 0) return 'no test ran';
    return undefined;
  }
}

function lastCount(output: string, name: string): number | undefined {
  const counts = [...output.matchAll(new RegExp(`^ {2}${name}: +(\\d+)$`, 'gm'))];
  const last = counts.at(-1)?.[1];
  return last === undefined ? undefined : Number(last);
}

function skipLines(output: string): readonly string[] {
  return [...output.matchAll(/^SKIPPED: (.+)$/gm)].map((match) => match[1] ?? '');
}

function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- a colour sequence starts with the escape character
  return text.replaceAll(/\u001b\[[0-9;]*m/g, '');
}
