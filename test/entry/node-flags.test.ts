import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { flagsFor, NODE_FLAGS } from '../../entry/node-flags.ts';

const MODULE = new URL('../../entry/node-flags.ts', import.meta.url).href;
const PROGRAM = `
  import { restartWithFlags } from '${MODULE}';
  process.stdout.write('started ');
  restartWithFlags();
  const { pid, execArgv, argv, env } = process;
  const answer = { pid, execArgv, args: argv.slice(2), told: env.TOLD };
  if (process.send) process.send(answer, () => process.disconnect());
  else console.log(JSON.stringify(answer));
`;

let folder = '';
test.before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'bessd-test-'));
  writeFileSync(path.join(folder, 'program.mjs'), PROGRAM);
});
test.after(() => rmSync(folder, { recursive: true }));
const program = (): string => path.join(folder, 'program.mjs');

async function run(...before: readonly string[]): Promise<{ pid: number | undefined; said: string }> {
  const args = [...before, program(), 'run', '--config', 'a b'];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, TOLD: 'yes' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.on('data', (text: Buffer) => (said += text.toString()));
  assert.equal(await once(child, 'close'), [0, null]);
  return { pid: child.pid, said };
}

test('a program starts again in place with the flags of control, its own arguments, files and environment', async () => {
  const { pid, said } = await run('--max-old-space-size=100');
  assert.match(said, /^started started {/);
  const answer = JSON.parse(said.slice(said.indexOf('{')));
  assert.equal(answer, {
    pid,
    execArgv: [...NODE_FLAGS, '--max-old-space-size=100'],
    args: ['run', '--config', 'a b'],
    told: 'yes',
  });
});

test('a program that has the flags goes on', async () => {
  const { said } = await run(...NODE_FLAGS);
  assert.match(said, /^started {/);
});

test('a program with a channel to its parent goes on without them, since it would lose it', async () => {
  const child = fork(program(), { silent: true });
  const [answer] = await once(child, 'message');
  assert.equal(answer.execArgv, []);
});

test('a Node that may not know the flags is not given any', () => {
  assert.equal(flagsFor('26.0.0'), []);
  assert.equal(flagsFor('240.0.0'), []);
  assert.ok(flagsFor('24.21.0').length > 0);
});

test.run();
