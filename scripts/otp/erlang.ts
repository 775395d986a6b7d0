/**
 * Runs cases on the Erlang/OTP of this machine: compiles oracle.erl into a folder of its own and asks it.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Branch, Case, Failing, Leaf, Step } from './trees.ts';

/** `traces` has one line a case, see oracle.erl. */
export type Verdict = { readonly version: string; readonly traces: readonly string[] };

export function hasErlang(): boolean {
  try {
    execFileSync('erl', ['-noshell', '-eval', 'halt().'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export function askErlang(cases: readonly Case[]): Verdict {
  const folder = mkdtempSync(path.join(tmpdir(), 'bessd-otp-'));
  try {
    const [input, output] = [path.join(folder, 'cases'), path.join(folder, 'traces')];
    writeFileSync(input, cases.map((one) => `${termOf(one)}.\n`).join(''));
    execFileSync('erlc', ['-o', folder, path.join(import.meta.dirname, 'oracle.erl')], { stdio: 'inherit' });
    execFileSync('erl', ['-noshell', '-pa', folder, '-run', 'oracle', 'main', input, output, '-s', 'init', 'stop'], {
      stdio: 'inherit',
    });
    const [version = '', ...traces] = readFileSync(output, 'utf8').trimEnd().split('\n');
    if (traces.length !== cases.length) throw new Error(`Erlang answered ${traces.length} of ${cases.length} cases`);
    return { version, traces };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A case as an Erlang term; also how a test prints one. */
export function termOf({ tree, failing, steps }: Case): string {
  return `{${treeTerm(tree)}, ${failingTerm(failing)}, [${steps.map(stepTerm).join(', ')}]}`;
}

function stepTerm({ worker, reason, failing, slow }: Step): string {
  const slowTerm = slow ? `{${slow.worker}, ${slow.meanwhile.worker}, ${slow.meanwhile.reason}}` : 'none';
  return `{${worker}, ${reason}, ${failingTerm(failing)}, ${slowTerm}}`;
}

function treeTerm(node: Branch | Leaf): string {
  if (node.kind === 'worker') return `{worker, ${node.id}, ${node.restart}, ${node.shutdown}}`;
  const { id, strategy, intensity, restart, children } = node;
  return `{supervisor, ${id}, ${strategy}, ${intensity}, ${restart}, [${children.map(treeTerm).join(', ')}]}`;
}

function failingTerm(failing: Failing | undefined): string {
  return failing ? `{${failing.worker}, ${failing.starts}}` : 'none';
}
