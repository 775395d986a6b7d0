/** Small synced files: whole or not at all, whatever happens in the middle of a save. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../contracts/faults.ts';
import { openSyncedFiles } from '../../io/synced-file.ts';
import { folder } from './record-support.ts';

test('a file that was never saved loads as nothing, and its folder is made by the first save', async () => {
  using home = folder();
  const dir = path.join(home.dir, 'a/b');
  const file = openSyncedFiles(dir)('latch.json');
  assert.is(await file.load(), undefined);
  assert.not(existsSync(dir));
  await file.save('latched');
  assert.is(await file.load(), 'latched');
  assert.equal(readdirSync(dir), ['latch.json']);
});

test('of many saves at once the last one wins, also through several handles', async () => {
  using home = folder();
  const openFile = openSyncedFiles(home.dir);
  const saves = Array.from({ length: 200 }, (_, n) => openFile('latch.json').save(`${n} `.repeat(1000)));
  await Promise.all(saves);
  assert.is(await openFile('latch.json').load(), '199 '.repeat(1000));
});

test('a save is done only when its text or a later one is on the disk', async () => {
  using home = folder();
  const file = openSyncedFiles(home.dir)('count');
  const seen: number[] = [];
  const saves = Array.from({ length: 50 }, async (_, n) => {
    await file.save(String(n));
    seen.push(Number(readFileSync(path.join(home.dir, 'count'), 'utf8')) - n);
  });
  await Promise.all(saves);
  assert.ok(seen.every((ahead) => ahead >= 0));
});

test('what a crash left half-written beside the file is not taken for it', async () => {
  using home = folder();
  const file = openSyncedFiles(home.dir)('latch.json');
  await file.save('whole');
  writeFileSync(path.join(home.dir, 'latch.json.new'), 'hal');
  assert.is(await file.load(), 'whole');
  await file.save('next');
  assert.is(await file.load(), 'next');
});

test('a save that fails says so, leaves the old text, and does not stop the next one', async () => {
  using home = folder();
  const file = openSyncedFiles(home.dir)('latch.json');
  await file.save('old');
  mkdirSync(path.join(home.dir, 'latch.json.new'));
  const outcome = await file.save('new').catch((error: unknown) => error);
  assert.instance(outcome, Fault);
  assert.is(await file.load(), 'old');
  rmdirSync(path.join(home.dir, 'latch.json.new'));
  await file.save('new');
  assert.is(await file.load(), 'new');
});

test('a name that leads out of the folder is a defect', () => {
  using home = folder();
  assert.throws(() => openSyncedFiles(home.dir)('../latch.json'));
});

test('killed at any moment, the file holds one whole text, at least as new as the last one acknowledged', async () => {
  using home = folder();
  for (let round = 0; round < 8; round += 1) {
    const acknowledged = await saveUntilKilled(home.dir, 1 + Math.floor(Math.random() * 60));
    const text = readFileSync(path.join(home.dir, 'counter'), 'utf8');
    assert.match(text, /^(\d+ )\1{499}$/);
    assert.ok(Number.parseInt(text, 10) >= acknowledged, `${Number.parseInt(text, 10)} after ${acknowledged}`);
  }
});

test.run();

function saveUntilKilled(dir: string, saves: number): Promise<number> {
  const script = path.join(import.meta.dirname, 'fixtures/synced-file-save.ts');
  const child = spawn(process.execPath, [script, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    if (output.split('\n').length > saves) child.kill('SIGKILL');
  });
  return new Promise((resolve) => {
    child.on('close', () => resolve(Number(output.split('\n').at(-2) ?? 0)));
  });
}
