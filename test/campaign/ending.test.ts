import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('fixtures/told-to-end.ts', import.meta.url));

test('a campaign that is told to end takes down what it has set up, and leaves no process behind, also no detached one', async () => {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  while (!said.includes('started')) await once(child.stdout, 'data');
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.is(code, 143);
  assert.match(said, 'taken down');
  const pids = [...said.matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid));
  assert.is(pids.length, 2);
  for (const pid of pids) assert.ok(await isGone(pid), `process ${pid} lives on`);
});

test.run();

/** Killed ones are gone once init has taken their exit code. */
async function isGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return false;
}
