import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Inheritance } from '../../contracts/stopper.ts';
import { findSockets, isTrusted, stopperSocketPath } from '../../io/socket-path.ts';
import { takeLock } from '../../stopper/lock.ts';
import type { LockOptions } from '../../stopper/lock.ts';

const NOTHING: Inheritance = { plans: [], since: null, devices: [] };
const place = (): string => path.join(mkdtempSync(path.join(tmpdir(), 'bessd-lock-')), 's.sock');
const options = (socketPath: string, more: Partial<LockOptions> = {}): LockOptions => ({
  socketPath,
  isOurs: isTrusted,
  handOver: () => NOTHING,
  handedOver: () => undefined,
  ...more,
});

test('a second stopper gets what the first one knows, and the first one is told that it is replaced', async () => {
  const socketPath = place();
  let replaced = 0;
  const since = '2026-01-01T00:00:00.000Z';
  await takeLock(options(socketPath, { handOver: () => ({ ...NOTHING, since }), handedOver: () => (replaced += 1) }));
  const second = await takeLock(options(socketPath));
  assert.is(second.how, 'held');
  assert.is(second.how === 'held' && second.inheritance?.since, since);
  assert.ok(replaced >= 1);
  assert.ok(existsSync(socketPath), 'the socket is that of the second one');
  const third = await takeLock(options(socketPath));
  assert.is(third.how, 'held');
  if (third.how === 'held') third.lock.release();
});

test('one that is fed by a living runtime keeps its place', async () => {
  const socketPath = place();
  const first = await takeLock(options(socketPath, { handOver: () => undefined }));
  assert.is((await takeLock(options(socketPath))).how, 'refused');
  assert.is((await takeLock(options(socketPath))).how, 'refused');
  if (first.how === 'held') first.lock.release();
});

test('a socket that a killed one left behind is taken', async () => {
  const socketPath = place();
  const code = `require('node:net').createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', code]);
  assert.ok(existsSync(socketPath));
  const taken = await takeLock(options(socketPath));
  assert.is(taken.how, 'held');
  if (taken.how === 'held') taken.lock.release();
});

test('a place that belongs to somebody else is neither spoken to nor taken away', async () => {
  const socketPath = place();
  writeFileSync(socketPath, '');
  assert.is((await takeLock(options(socketPath, { isOurs: () => false }))).how, 'unavailable');
  assert.ok(existsSync(socketPath));
});

test('the lock of a stopper is not taken for the socket of a site', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'bessd-lock-'));
  const env = { RUNTIME_DIRECTORY: folder };
  assert.equal(
    findSockets(env).filter(({ socketPath }) => socketPath === stopperSocketPath('SITE-1', env)),
    [],
  );
  assert.not.match(path.basename(stopperSocketPath('SITE-1', env)), /^bessd-([A-Za-z0-9_-]{1,64})\.sock$/);
});

test.run();
