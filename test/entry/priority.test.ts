import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { getPriority } from 'node:os';

const SETPRIV = 'setpriv';
const PROGRAM = `
  import { getPriority } from 'node:os';
  import { spawnSync } from 'node:child_process';
  import { Worker } from 'node:worker_threads';
  import { comeFirst } from '${new URL('../../entry/priority.ts', import.meta.url).href}';
  const how = comeFirst();
  const code = "import { parentPort } from 'node:worker_threads'; import os from 'node:os'; parentPort.postMessage(os.getPriority())";
  const thread = new Worker(new URL('data:text/javascript,' + code));
  const inThread = await new Promise((resolve) => thread.on('message', resolve));
  const inChild = Number(spawnSync('nice', { encoding: 'utf8' }).stdout);
  console.log(JSON.stringify({ how, own: getPriority(), inThread, inChild }));
`;

function run(...before: readonly string[]): { how: string; own: number; inThread: number; inChild: number } {
  const args = [...before, process.execPath, '--input-type=module', '-e', PROGRAM];
  const [command] = args.splice(0, 1);
  if (command === undefined) throw new Error('nothing to run');
  const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  assert.match(stdout, /^{/, stderr);
  return JSON.parse(stdout);
}

test('where the system allows it, a runtime with its threads and processes comes before other programs', () => {
  const { how, own, inThread, inChild } = run();
  const expected = how === 'ahead' ? -10 : getPriority();
  assert.equal([own, inThread, inChild], [expected, expected, expected]);
  if (process.getuid?.() === 0) assert.is(how, 'ahead');
});

test('the threads that Node began with come first too, and those that only keep or copy stand behind control', () => {
  const program = `
    import { readdirSync, readFileSync } from 'node:fs';
    import { getPriority } from 'node:os';
    import { comeFirst, standBehind } from '${new URL('../../entry/priority.ts', import.meta.url).href}';
    const before = getPriority();
    const how = comeFirst();
    const niceOf = (thread) => Number(readFileSync('/proc/self/task/' + thread + '/stat', 'utf8').split(') ')[1].split(' ')[16]);
    const threads = readdirSync('/proc/self/task').map(niceOf);
    standBehind();
    console.log(JSON.stringify({ before, how, threads: [...new Set(threads)], behind: getPriority() }));
  `;
  if (process.platform !== 'linux') return;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  assert.match(stdout, /^{/, stderr);
  const { before, how, threads, behind } = JSON.parse(stdout);
  assert.equal(threads, [how === 'ahead' ? -10 : before]);
  assert.is(behind, how === 'ahead' ? 0 : before);
});

test('what compiles for V8 runs where nobody else wants to, and a thread that stands behind takes no processor from control', () => {
  const program = `
    import { execFileSync } from 'node:child_process';
    import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    import { comeFirst, standBehind } from '${new URL('../../entry/priority.ts', import.meta.url).href}';
    const policyOf = (thread) => Number(readFileSync('/proc/self/task/' + thread + '/stat', 'utf8').split(') ')[1].split(' ')[38]);
    const helpers = readdirSync('/proc/self/task').filter((thread) => /^V8Worker/.test(readFileSync('/proc/self/task/' + thread + '/comm', 'utf8')));
    comeFirst();
    const own = () => policyOf(readlinkSync('/proc/thread-self').split('/').at(-1));
    const inFront = own();
    standBehind();
    for (let tries = 0; tries < 200 && (own() === inFront || !helpers.every((thread) => policyOf(thread) === 5)); tries += 1) await sleep(10);
    console.log(JSON.stringify({ count: helpers.length, helpers: [...new Set(helpers.map(policyOf))], inFront, behind: own() }));
  `;
  if (process.platform !== 'linux' || spawnSync('chrt', ['--version']).status !== 0) {
    console.log('SKIPPED: needs Linux and chrt');
    return;
  }
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  assert.match(stdout, /^{/, stderr);
  const { count, ...policies } = JSON.parse(stdout);
  assert.ok(count > 0, 'Node names the threads of V8 as expected');
  // Ordinary, batch and idle, as sched(7) numbers them.
  assert.equal(policies, { helpers: [5], inFront: 0, behind: 3 });
});

test('where the system tells nothing of its threads, a runtime goes on all the same', () => {
  const hidden = ['--mount', 'sh', '-c', 'mount -t tmpfs none /proc && exec "$0" "$@"'];
  if (process.platform !== 'linux' || spawnSync('unshare', [...hidden, 'true']).status !== 0) {
    console.log('SKIPPED: needs root and unshare, to hide /proc');
    return;
  }
  const program = `
    import { existsSync } from 'node:fs';
    import { comeFirst, standBehind } from '${new URL('../../entry/priority.ts', import.meta.url).href}';
    comeFirst();
    standBehind();
    console.log(existsSync('/proc/self') ? 'not hidden' : 'goes on');
  `;
  const args = [...hidden, process.execPath, '--input-type=module', '-e', program];
  const { stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8' });
  assert.is(stdout.trim(), 'goes on', stderr);
});

test('an ordinary user runs it all the same, like other programs', () => {
  if (process.getuid?.() !== 0 || spawnSync(SETPRIV, ['--bounding-set=-sys_nice', 'true']).status !== 0) {
    console.log('SKIPPED: needs root and setpriv, to give up a right');
    return;
  }
  const found = run(SETPRIV, '--reuid=65534', '--clear-groups');
  assert.equal(found, { how: 'like others', own: 0, inThread: 0, inChild: 0 });
});

test.run();
