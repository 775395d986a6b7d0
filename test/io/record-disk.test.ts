/** The record thread on a real disk that is full or read-only: no crash, one alarm, nothing acknowledged lost. */
// deadline: 120 s
// alone
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../contracts/faults.ts';
import { openOutbox } from '../../io/record-outbox.ts';
import { openRecordReader } from '../../io/record-reader.ts';
import { audit, folder, openStore, START_MS, telemetry } from './record-support.ts';
import type { Folder } from './record-support.ts';
import { startThread } from './record-thread-support.ts';

using disk = mountSmallDisk();
if (disk === undefined) console.log('SKIPPED: a small disk of its own cannot be mounted here (needs root)');
else {
  const { dir } = disk;

  test('a disk filled by others raises one alarm, costs telemetry at most, and is outlasted', async () => {
    const thread = startThread(dir);
    await thread.heard(({ type }) => type === 'READY');
    for (let seq = 1; seq <= 50; seq += 1) thread.worker.postMessage([telemetry(seq), audit(seq)]);
    await untilRecorded(50);
    fill(path.join(dir, 'filler'));
    const full = thread.heard((signal) => signal.type === 'NOTICE' && signal.state === 'active');
    const points = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`point_${n}`, n]));
    let seq = 51;
    const feed = setInterval(() => {
      for (let n = 0; n < 20; n += 1, seq += 1) thread.worker.postMessage([telemetry(seq, points), audit(seq)]);
    }, 20);
    await full;
    clearInterval(feed);
    rmSync(path.join(dir, 'filler'));
    await thread.heard((signal) => signal.type === 'NOTICE' && signal.state === 'returned');
    assert.is(await thread.end(), 0);
    using reader = openRecordReader(dir);
    const verdict = reader.verify();
    assert.ok(verdict.ok && verdict.entries === seq - 1, JSON.stringify(verdict));
  });

  test('a disk that is read-only at start raises one alarm, and every audit entry is there once it is writable', async () => {
    const before = auditEntries();
    remount('ro');
    const thread = startThread(dir);
    await thread.heard(({ type }) => type === 'READY');
    for (let seq = 1; seq <= 20; seq += 1) thread.worker.postMessage(audit(seq));
    await thread.heard((signal) => signal.type === 'NOTICE' && signal.state === 'active');
    remount('rw');
    await thread.heard((signal) => signal.type === 'NOTICE' && signal.state === 'returned');
    assert.is(await thread.end(), 0);
    assert.is(auditEntries(), before + 20);
  });

  test('a disk that others have filled before the start still takes the audit log, into the reserve', async () => {
    using own = mountSmallDisk();
    assert.ok(own);
    const { dir } = own;
    openStore(dir).close();
    fill(path.join(dir, 'filler'));
    const thread = startThread(dir);
    for (let seq = 1; seq <= 20; seq += 1) thread.worker.postMessage(audit(seq));
    const synced = thread.heard(({ type }) => type === 'SYNCED');
    thread.worker.postMessage({ type: 'SYNC', id: 1 });
    await synced;
    assert.is(await thread.end(), 0);
    using reader = openRecordReader(dir);
    assert.is(reader.verify().ok, true);
  });

  test('a disk that is read-only while others read the record can be written again as soon as it is writable', async () => {
    using own = mountSmallDisk();
    assert.ok(own);
    const { dir } = own;
    // Killed while it writes, as by a power cut: the log and its index stay behind.
    const script = path.join(import.meta.dirname, 'fixtures/record-append.ts');
    const writing = spawn(process.execPath, [script, dir, '2000'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(writing.stdout, 'data');
    writing.kill('SIGKILL');
    await once(writing, 'exit');
    remount('ro', dir);
    using outbox = openOutbox({ dataDir: dir, siteId: 'S', unitOf: () => '', wallMs: () => START_MS });
    using reader = openRecordReader(dir);
    for (let n = 0; n < 3; n += 1) {
      assert.throws(() => openStore(dir), isUnavailable);
      try {
        for (const { streamId, to } of outbox.heads()) outbox.read(streamId, { from: 1, to });
        reader.events({ limit: 10 });
      } catch (error) {
        assert.ok(isUnavailable(error));
      }
    }
    remount('rw', dir);
    const store = openStore(dir);
    store.append([telemetry(1000)]);
    store.close();
  });

  test.run();

  function isUnavailable(error: unknown): boolean {
    return error instanceof Fault && error.code === 'RECORD_UNAVAILABLE';
  }

  function remount(mode: 'ro' | 'rw', which = dir): void {
    assert.is(spawnSync('mount', ['-o', `remount,${mode}`, which]).status, 0);
  }

  function auditEntries(): number {
    using reader = openRecordReader(dir);
    const verdict = reader.verify();
    assert.ok(verdict.ok);
    return verdict.ok ? verdict.entries : -1;
  }

  async function untilRecorded(seq: number): Promise<void> {
    using reader = openRecordReader(dir);
    const query = { asset: 'bess-1', point: 'soc_pct', fromMs: START_MS + seq * 1000, toMs: START_MS * 2, limit: 1 };
    while (reader.telemetry(query).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function fill(file: string): void {
  for (const size of [1_000_000, 100_000, 4096]) {
    for (let n = 0; ; n += 1) {
      try {
        writeFileSync(file, Buffer.alloc(size, n), { flag: 'a' });
      } catch (error) {
        assert.is((error as NodeJS.ErrnoException).code, 'ENOSPC');
        break;
      }
    }
  }
}

function mountSmallDisk(): Folder | undefined {
  const home = folder();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'bessd-test', home.dir]).status === 0;
  if (!mounted) {
    home[Symbol.dispose]();
    return undefined;
  }
  process.on('exit', () => {
    spawnSync('umount', ['-l', home.dir]);
    rmSync(home.dir, { recursive: true, force: true });
  });
  return { dir: home.dir, [Symbol.dispose]: () => {} };
}
