/** Files with a slot are saved on a real disk that is full, as often as needed, and are whole whenever they are read. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../contracts/faults.ts';
import { openSyncedFiles } from '../../io/synced-file.ts';
import { folder } from './record-support.ts';

const BYTES = 8192;

test('room for the latch is there from the start, before anything was saved', async () => {
  using home = folder();
  const file = openSyncedFiles(home.dir, { 'latch.json': BYTES })('latch.json');
  assert.is(await file.load(), undefined);
  await file.save('{}');
  assert.equal(readdirSync(home.dir).toSorted(), ['latch.json', 'latch.json.slot', 'latch.json.slot2']);
  assert.is(statSync(path.join(home.dir, 'latch.json.slot')).size, BYTES);
  assert.is(readFileSync(path.join(home.dir, 'latch.json'), 'utf8'), '{}');
});

if (process.getuid?.() !== 0) console.log('SKIPPED: a small disk of its own needs root');
else {
  test('on a full disk the latch is saved again and again, other files are not, and the text is what was saved', async () => {
    using home = folder();
    using _disk = mounted(home.dir);
    const openFile = openSyncedFiles(home.dir, { 'latch.json': BYTES });
    const file = openFile('latch.json');
    await file.save('{"epoch":0}');
    fill(home.dir);
    for (let epoch = 1; epoch <= 20; epoch += 1) {
      const text = JSON.stringify({ epoch, reason: 'x'.repeat(epoch * 300) });
      await file.save(text);
      assert.is(await openFile('latch.json').load(), text);
      assert.is(JSON.parse(readFileSync(path.join(home.dir, 'latch.json'), 'utf8')).epoch, epoch);
      fill(home.dir);
    }
    const long = await file.save('x'.repeat(BYTES)).catch((error: unknown) => error);
    assert.instance(long, Fault);
    assert.match((await file.load()) ?? '', /"epoch":20/);
    assert.instance(
      await openFile('other.json')
        .save('{}')
        .catch((error: unknown) => error),
      Fault,
    );

    rmSync(path.join(home.dir, 'filler'));
    await file.save('{"epoch":21}');
    assert.is(readFileSync(path.join(home.dir, 'latch.json'), 'utf8'), '{"epoch":21}');
    assert.ok(
      existsSync(path.join(home.dir, 'latch.json.slot')) && existsSync(path.join(home.dir, 'latch.json.slot2')),
    );
  });
}

test.run();

function fill(dir: string): void {
  for (const size of [100_000, 4096]) {
    try {
      for (;;) writeFileSync(path.join(dir, 'filler'), Buffer.alloc(size, 1), { flag: 'a' });
    } catch (error) {
      assert.is((error as NodeJS.ErrnoException).code, 'ENOSPC');
    }
  }
}

function mounted(dir: string): Disposable {
  assert.is(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'bessd-test', dir]).status, 0);
  return { [Symbol.dispose]: () => void spawnSync('umount', ['-l', dir]) };
}
