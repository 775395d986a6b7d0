/** The way from a fresh checkout to a running entry: installing once, finding Node, relaying signals and exit codes. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT, plant } from './support.ts';
import type { Planted } from './support.ts';

/** Stands for npm: notes that it was called, takes a moment, installs the one package. */
const FAKE_NPM = `
import { appendFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
await new Promise((resolve) => setTimeout(resolve, 400));
mkdirSync('node_modules/lamp', { recursive: true });
writeFileSync('node_modules/lamp/package.json', '{ "version": "1.0.0" }');
const node = 'node_modules/node-linux-' + process.arch;
mkdirSync(node + '/bin', { recursive: true });
writeFileSync(node + '/package.json', '{}');
try { symlinkSync(process.env.NEW_NODE, node + '/bin/node'); } catch (error) { if (error.code !== 'EEXIST') throw error; }
`;

const CHECKOUT = {
  'package.json': '{ "type": "module" }',
  'package-lock.json': '{ "packages": { "": {}, "node_modules/lamp": { "version": "1.0.0" } } }',
  'fake-npm.js': FAKE_NPM,
  'scripts/entry.ts': 'const code: number = 7;\nconsole.log(process.argv.slice(2).join(" "));\nprocess.exit(code);\n',
  'scripts/bessd.ts': 'console.log(process.argv.slice(2).join(" "));\n',
  'scripts/waits.ts':
    'for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => { console.log(signal); setTimeout(() => process.exit(5), 300); });\nsetInterval(() => {}, 1000);\nconsole.log("ready");\n',
};

test('a fresh checkout is installed, and the entry gets its arguments and gives its exit code', () => {
  using checkout = freshCheckout();
  const { root } = checkout;
  const run = boot(root, 'scripts/entry.ts', 'a', '--b');
  assert.is(run.status, 7, run.stderr);
  assert.is(run.stdout, 'a --b\n');
  assert.is(npmCalls(root).length, 1);
  assert.is(boot(root, 'scripts/entry.ts').status, 7);
  assert.is(npmCalls(root).length, 1);
});

test('packages that came by other means count as installed', () => {
  using checkout = freshCheckout();
  const { root } = checkout;
  spawnSync(process.execPath, ['fake-npm.js'], { cwd: root });
  assert.is(boot(root, 'scripts/entry.ts').status, 7);
  assert.is(npmCalls(root).length, 1);
});

test('a package of another version is installed again', () => {
  using checkout = freshCheckout();
  const { root } = checkout;
  assert.is(boot(root, 'scripts/entry.ts').status, 7);
  spawnSync('sed', ['-i', 's/1\\.0\\.0/1.1.0/', 'package-lock.json', 'fake-npm.js'], { cwd: root });
  assert.is(boot(root, 'scripts/entry.ts').status, 7);
  assert.is(npmCalls(root).length, 2);
});

test('two commands at once install once', async () => {
  using checkout = freshCheckout();
  const { root } = checkout;
  const codes = await Promise.all([ended(start(root, 'scripts/entry.ts')), ended(start(root, 'scripts/entry.ts'))]);
  assert.equal(codes, [7, 7]);
  assert.is(npmCalls(root).length, 1);
});

test('an installation that fails says what to do', () => {
  using checkout = freshCheckout();
  const { root } = checkout;
  rmSync(path.join(root, 'fake-npm.js'));
  const run = boot(root, 'scripts/entry.ts');
  assert.is(run.status, 1);
  assert.match(run.stderr, 'run the same command again');
});

test('bessd.mjs runs the program from any folder, also through a link', () => {
  using checkout = freshCheckout();
  const { root } = checkout;
  spawnSync('ln', ['-s', path.join(root, 'scripts/bessd.mjs'), path.join(root, 'bessd')]);
  const options = { cwd: '/', env: environment(root), encoding: 'utf8' } as const;
  const run = spawnSync(process.execPath, [path.join(root, 'bessd'), 'run', '--json'], options);
  assert.is(run.stdout, 'run --json\n', run.stderr);
});

const oldNode = findOldNode();
if (oldNode === undefined) console.log('SKIPPED: no Node older than 24 on this machine to start from');
else {
  test('an older Node hands over to the packaged one, with arguments and exit code', () => {
    using checkout = freshCheckout();
    const { root } = checkout;
    const run = runNode(oldNode, root, 'scripts/bootstrap.mjs', 'scripts/entry.ts', 'a');
    assert.is(run.status, 7, run.stderr);
    assert.is(run.stdout, 'a\n');
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`${signal} sent to the older Node reaches the entry once, and its exit code comes back`, async () => {
      using checkout = freshCheckout();
      const { root } = checkout;
      const child = start(root, 'scripts/waits.ts', oldNode);
      const output: string[] = [];
      await new Promise<void>((resolve) => {
        child.stdout?.on('data', (chunk: Buffer) => {
          output.push(chunk.toString());
          if (output.join('').includes('ready')) resolve();
        });
      });
      child.kill(signal);
      child.kill(signal);
      assert.is(await ended(child), 5);
      assert.is(output.join(''), `ready\n${signal}\n`);
    });
  }
}

test.run();

function freshCheckout(): Planted {
  const planted = plant(CHECKOUT);
  for (const file of ['bootstrap.mjs', 'install.mjs', 'bessd.mjs']) {
    copyFileSync(path.join(ROOT, 'scripts', file), path.join(planted.root, 'scripts', file));
  }
  return planted;
}

type Ended = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

function boot(root: string, ...args: readonly string[]): Ended {
  return runNode(process.execPath, root, 'scripts/bootstrap.mjs', ...args);
}

function runNode(node: string, root: string, ...args: readonly string[]): Ended {
  return spawnSync(node, args, { cwd: root, env: environment(root), encoding: 'utf8' });
}

function start(root: string, entry: string, node = process.execPath): ChildProcess {
  return spawn(node, ['scripts/bootstrap.mjs', entry], {
    cwd: root,
    env: environment(root),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.on('close', (code) => resolve(code)));
}

function environment(root: string): NodeJS.ProcessEnv {
  return { ...process.env, npm_execpath: path.join(root, 'fake-npm.js'), NEW_NODE: process.execPath };
}

function npmCalls(root: string): readonly string[] {
  return readFileSync(path.join(root, 'npm-calls'), 'utf8').trim().split('\n');
}

function findOldNode(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  return folders
    .map((folder) => path.join(folder, 'node'))
    .find((file) => {
      const version = /^v(\d+)/.exec(spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1];
      return version !== undefined && Number(version) >= 18 && Number(version) < 24;
    });
}
