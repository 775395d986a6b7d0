/**
 * Erlang/OTP says what is right: thousands of random supervision trees under schedules of faults, ours beside its own.
 *
 * What OTP did is in otp-traces.gz (scripts/otp/generate-traces.ts wrote it). Where `erl` is found, fresh trees are run
 * on it as well, with a new seed every time.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { askErlang, hasErlang, termOf } from '../../scripts/otp/erlang.ts';
import { randomCases } from '../../scripts/otp/trees.ts';
import type { Case } from '../../scripts/otp/trees.ts';
import { traceOf } from './otp-replay.ts';

const FRESH = 100;
const SHOWN = 3;

type Header = { readonly version: string; readonly seed: number; readonly trees: number; readonly digest: string };

const [header, recorded] = readTraces();
const cases = randomCases(header.seed, header.trees);

test('the recorded traces belong to the trees that the generator makes today', () => {
  const digest = createHash('sha256').update(cases.map(termOf).join('\n')).digest('hex');
  assert.is(digest, header.digest, 'trees.ts has changed: run scripts/otp/generate-traces.ts');
  assert.ok(recorded.length >= 5000);
});

test(`starts and stops follow Erlang/OTP (${header.version}) in ${header.trees} random trees, step by step`, async () => {
  await compare(cases, recorded);
});

if (hasErlang()) {
  test(`${FRESH} fresh trees do the same on bessd and on the Erlang/OTP of this machine`, async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const fresh = randomCases(seed, FRESH);
    const { version, traces } = askErlang(fresh);
    console.log(`\n${FRESH} fresh trees from seed ${seed} on ${version}`);
    await compare(fresh, traces);
  });
} else {
  console.log('SKIPPED: no erl in the path (Debian: erlang-base), so only the recorded traces of OTP were checked');
}

async function compare(run: readonly Case[], expected: readonly string[]): Promise<void> {
  const differences: string[] = [];
  for (const [at, one] of run.entries()) {
    const ours = await traceOf(one);
    if (ours !== expected[at]) differences.push(`${termOf(one)}.\n   OTP ${expected[at]}\n  ours ${ours}`);
  }
  const shown = differences.toSorted((a, b) => a.length - b.length).slice(0, SHOWN);
  assert.is(differences.length, 0, `${differences.length} of ${run.length} differ:\n${shown.join('\n')}`);
}

function readTraces(): readonly [Header, readonly string[]] {
  const packed = readFileSync(path.join(import.meta.dirname, 'otp-traces.gz'));
  const [first = '', ...lines] = gunzipSync(packed).toString().trimEnd().split('\n');
  return [JSON.parse(first) as Header, lines];
}

test.run();
