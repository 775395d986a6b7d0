import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { clockSynchronised } from '../../io/clock-sync.ts';

const NOW_MS = 1_800_000_000_000;
const folder = mkdtempSync(path.join(tmpdir(), 'bessd-clock-'));
test.after(() => rmSync(folder, { recursive: true }));

function touched(name: string, ageS: number): string {
  const file = path.join(folder, name);
  writeFileSync(file, '');
  utimesSync(file, NOW_MS / 1000 - ageS, NOW_MS / 1000 - ageS);
  return file;
}

const ABSENT = path.join(folder, 'absent');

test('a clock that a time server has just set is synchronised', async () => {
  assert.is(await clockSynchronised([ABSENT, touched('fresh', 60)], NOW_MS), true);
});

test('a clock that no time server has set for two hours is not synchronised', async () => {
  assert.is(await clockSynchronised([touched('old', 7200)], NOW_MS), false);
});

test('a mark from the future says that the clock has jumped', async () => {
  assert.is(await clockSynchronised([touched('future', -7200)], NOW_MS), false);
});

test('where nobody says whether the clock is kept, nothing is claimed', async () => {
  assert.is(await clockSynchronised([ABSENT], NOW_MS), undefined);
});

test.run();
