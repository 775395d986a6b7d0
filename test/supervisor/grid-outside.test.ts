// deadline: 90 s
/**
 * The cells that only the outside can catch: whoever started the process sees its heartbeat stop, or sees it end, and
 * SIGKILL ends it in bounded time.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { until } from './cells.ts';

const FIXTURE = fileURLToPath(new URL('./fixtures/outside.ts', import.meta.url));
const SILENT_MS = 500;

type Watched = {
  readonly child: ChildProcess;
  readonly heard: string[];
  readonly silentMs: () => number;
  ended?: string;
};

function watch(kind: string): Watched {
  const child = spawn(process.execPath, [FIXTURE, kind], { stdio: ['ignore', 'pipe', 'ignore'] });
  let beatAt = performance.now();
  const watched: Watched = { child, heard: [], silentMs: () => performance.now() - beatAt };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (chunk.includes('beat')) beatAt = performance.now();
    watched.heard.push(...chunk.split('\n').filter((line) => line !== '' && line !== 'beat'));
  });
  child.on('exit', (code, signal) => (watched.ended = signal ?? String(code)));
  return watched;
}

async function kill(watched: Watched): Promise<void> {
  const killedAt = performance.now();
  watched.child.kill('SIGKILL');
  await until('killed', () => watched.ended !== undefined, 2000);
  assert.ok(performance.now() - killedAt < 1000);
}

test('grid, loop, outside: a child that hangs in the loop stops the heartbeat of its process, ignores SIGTERM, and ends by SIGKILL', async () => {
  const watched = watch('loop');
  await until('it hangs', () => watched.heard.includes('hangs'));
  await until('no heartbeat', () => watched.silentMs() > SILENT_MS, 3000);
  watched.child.kill('SIGTERM');
  await sleep(SILENT_MS);
  assert.is(watched.ended, undefined);
  await kill(watched);
  assert.is(watched.ended, 'SIGKILL');
});

test('grid, thread, outside: a native crash inside a thread ends the whole process, and its parent sees the signal', async () => {
  const watched = watch('crash');
  await until('ended', () => watched.ended !== undefined, 10_000);
  assert.is(watched.ended, 'SIGSEGV');
  assert.not.ok(
    watched.heard.some((line) => line.startsWith('ended')),
    'no supervisor could say anything',
  );
});

test('grid, thread, outside: a thread inside a native call is given up by its supervisor, but holds up the end of its process until SIGKILL', async () => {
  const watched = watch('native call');
  await until('given up', () => watched.heard.includes('ended: intensity'), 10_000);
  assert.ok(watched.heard.includes('ill failed: CHILD_SILENT: thread silent for 300 ms'));
  await sleep(1000);
  assert.is(watched.ended, undefined, 'process.exit waits for the thread');
  await kill(watched);
  assert.is(watched.ended, 'SIGKILL');
});

test.run();
