/** The record thread as its supervisor sees it: signals, recording, a disk that is not there, an orderly end. */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openRecordReader } from '../../io/record-reader.ts';
import { audit, event, folder, telemetry } from './record-support.ts';
import { startThread } from './record-thread-support.ts';

test('reports, alone or several in one message, are recorded by the time the thread has ended', async () => {
  using home = folder();
  const thread = startThread(home.dir);
  await thread.heard(({ type }) => type === 'READY');
  await thread.heard(({ type }) => type === 'ALIVE');
  thread.worker.postMessage(event(1));
  thread.worker.postMessage([event(2), audit(3), telemetry(4)]);
  assert.is(await thread.end(), 0);
  using reader = openRecordReader(home.dir);
  assert.is(reader.events({ limit: 10 }).length, 2);
  const verdict = reader.verify();
  assert.is(verdict.ok && verdict.entries, 1);
});

test('without a disk the thread is ready all the same, raises an alarm, and records once the disk is there', async () => {
  using home = folder();
  const dataDir = path.join(home.dir, 'data');
  writeFileSync(dataDir, 'a file stands in the way');
  const thread = startThread(dataDir);
  const notice = await thread.heard(({ type }) => type === 'NOTICE');
  assert.equal(notice.type === 'NOTICE' && [notice.alarm_id, notice.severity, notice.state], [
    'record-unavailable',
    'P3',
    'active',
  ]);
  await thread.heard(({ type }) => type === 'READY');
  thread.worker.postMessage(event(1));
  rmSync(dataDir);
  await thread.heard((signal) => signal.type === 'NOTICE' && signal.state === 'returned');
  assert.is(await thread.end(), 0);
  using reader = openRecordReader(dataDir);
  assert.is(reader.events({ limit: 10 }).length, 1);
});

test.run();
