/** The disk reports an error on sync (EIO, by strace on this process alone): nothing is acknowledged that is not there. */
// deadline: 60 s
// alone
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openRecordReader } from '../../io/record-reader.ts';
import { folder, openStore, START_MS } from './record-support.ts';

const INJECT = ['-f', '-qq', '-o', '/dev/null', '-e', 'trace=fdatasync,fsync'];
const canTrace = spawnSync('strace', [...INJECT, 'true']).status === 0;

if (!canTrace) console.log('SKIPPED: strace cannot trace here (apt-get install strace, and the right to do so)');
else {
  test('what could not be synced is not acknowledged, and what was acknowledged is there', () => {
    using home = folder();
    openStore(home.dir).close();
    const script = path.join(import.meta.dirname, 'fixtures/record-append.ts');
    // From the 60th sync on every one fails; the fixture ends at the first fault it is told of.
    const fault = '-einject=fdatasync,fsync:error=EIO:when=60+';
    const { stdout, stderr } = spawnSync('strace', [...INJECT, fault, process.execPath, script, home.dir, '1'], {
      encoding: 'utf8',
      timeout: 45_000,
    });
    assert.match(stderr, 'RECORD_UNAVAILABLE');
    const acknowledged = Number(stdout.trim().split('\n').at(-1));
    assert.ok(acknowledged > 0, stderr);
    const store = openStore(home.dir);
    assert.equal(store.findings, []);
    using reader = openRecordReader(home.dir);
    const found = reader.telemetry({ asset: 'bess-1', point: 'counter', fromMs: 0, toMs: START_MS * 2, limit: 1e9 });
    assert.ok(found.length >= acknowledged, `acknowledged ${acknowledged}, found ${found.length}`);
    assert.ok(store.verify().ok);
    store.close();
  });
  test.run();
}
