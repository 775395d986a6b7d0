import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compareVersions, findBrokers, installCommand, runnable } from '../../io/broker-find.ts';
import { startBroker } from '../../io/broker.ts';
import type { RunningBroker } from '../../io/broker.ts';
import { configFileOf, endStale } from '../../io/broker-stale.ts';

const log = (): void => undefined;
const signal = new AbortController().signal;
const [binary] = await findBrokers();
if (!binary) console.log('SKIPPED: no nats-server on this machine, so no broker was started as a child');

test('versions are compared as numbers', () => {
  assert.ok(compareVersions('2.9.10', '2.11.6') < 0);
  assert.ok(compareVersions('2.10.27', '2.10.27') === 0);
  assert.ok(compareVersions('3.0.0', '2.99.99') > 0);
});

test('the newest of the path and the package is preferred, and what does not run is no candidate', async () => {
  const folder = temporary();
  const env = { PATH: [script(folder, 'old', '2.9.10'), script(folder, 'broken', undefined)].join(':') };
  const packaged = (): string => path.join(script(folder, 'new', '2.11.6'), 'nats-server');
  const found = await findBrokers({ env, packaged, folders: [] });
  assert.equal(
    found.map(({ version }) => version),
    ['2.11.6', '2.9.10'],
  );
});

test('NATS_SERVER_BIN is taken alone, also when it is older', async () => {
  const folder = temporary();
  const chosen = path.join(script(folder, 'old', '2.9.10'), 'nats-server');
  const found = await findBrokers({
    env: { NATS_SERVER_BIN: chosen, PATH: script(folder, 'new', '2.11.6') },
    packaged: () => undefined,
    folders: [],
  });
  assert.equal(found, [{ file: chosen, version: '2.9.10' }]);
});

test('a machine without any broker gives an empty list and a command to install one', async () => {
  assert.equal(await findBrokers({ env: { PATH: '' }, packaged: () => undefined, folders: [] }), []);
  assert.match(installCommand('darwin'), /brew install/);
});

test('a packaged file without its run bit is made runnable', () => {
  const file = path.join(temporary(), 'nats-server');
  writeFileSync(file, '#!/bin/sh\n', { mode: 0o644 });
  assert.is(runnable(file), file);
  assert.is(runnable(file), file);
});

if (binary) {
  test('a broker of ours is ready when it is announced, and ends when it is told to', async () => {
    const dataDir = temporary();
    const broker = await start(dataDir);
    assert.match(broker.url, /^nats:\/\/127\.0\.0\.1:\d+$/);
    assert.ok(alive(broker.pid));
    await broker.stop();
    assert.not.ok(alive(broker.pid));
    assert.not.ok(existsSync(path.join(dataDir, 'broker', 'broker.json')));
  });

  test('a port that is taken is left to its owner', async () => {
    const owner = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => owner.once('listening', resolve));
    const { port } = owner.address() as { port: number };
    const broker = await start(temporary(), port);
    assert.is.not(broker.port, port);
    await broker.stop();
    owner.close();
  });

  test('a data folder that cannot be written does not keep the broker from starting', async () => {
    const file = path.join(temporary(), 'not-a-folder');
    writeFileSync(file, '');
    const broker = await start(file);
    assert.ok(alive(broker.pid));
    await broker.stop();
  });

  test('a broker that a killed bessd left behind is ended at the next start', async () => {
    const dataDir = temporary();
    const url = new URL('../../io/broker.ts', import.meta.url).href;
    const code = `const { startBroker } = await import(${JSON.stringify(url)});
      const broker = await startBroker({ siteId: 'S', dataDir: ${JSON.stringify(dataDir)}, binary: ${JSON.stringify(binary)}, preferredPort: 0,
        log() {}, signal: new AbortController().signal });
      console.log(broker.pid); process.kill(process.pid, 'SIGKILL');`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const parentEnded = new Promise((resolve) => parent.once('exit', resolve));
    const pid = Number(
      await new Promise<string>((resolve) => parent.stdout.once('data', (text: Buffer) => resolve(text.toString()))),
    );
    await parentEnded;
    assert.ok(alive(pid), 'the orphan lives on');
    const broker = await start(dataDir);
    assert.not.ok(alive(pid));
    assert.ok(alive(broker.pid));
    await broker.stop();
  });

  test('the broker of another bessd that lives is not touched: ours takes another folder', async () => {
    const dataDir = temporary();
    const folder = path.join(dataDir, 'broker');
    mkdirSync(folder, { recursive: true });
    const first = await start(dataDir);
    const note = JSON.parse(readFileSync(path.join(folder, 'broker.json'), 'utf8')) as object;
    // As if the parent were another living process: the one that runs this test file's runner.
    const started = readFileSync(`/proc/${process.ppid}/stat`, 'utf8');
    const owner = { owner: process.ppid, owner_started: started.slice(started.lastIndexOf(')') + 2).split(' ')[19] };
    writeFileSync(path.join(folder, 'broker.json'), JSON.stringify({ ...note, ...owner }));
    const second = await start(dataDir);
    assert.ok(alive(first.pid) && alive(second.pid));
    await second.stop();
    await first.stop();
  });

  test('a process that is not our broker is never ended, whatever the note says', async () => {
    const folder = temporary();
    const stranger = spawn('sleep', ['30']);
    writeFileSync(
      path.join(folder, 'broker.json'),
      JSON.stringify({ pid: stranger.pid, owner: 1, owner_started: '0' }),
    );
    assert.is(await endStale(folder), 'free');
    await sleep(50);
    assert.is(stranger.exitCode, null);
    stranger.kill();
    writeFileSync(configFileOf(folder), '');
    writeFileSync(path.join(folder, 'broker.json'), '{"pid":');
    assert.is(await endStale(folder), 'free');
  });
}

test.run();

function start(dataDir: string, preferredPort = 0): Promise<RunningBroker> {
  if (!binary) throw new Error('no nats-server');
  return startBroker({ siteId: `S${process.pid}`, dataDir, binary, preferredPort, log, signal });
}

/** An ended process that nobody has collected yet has no command line left. */
function alive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false; // no such process
  }
}

function temporary(): string {
  return mkdtempSync(path.join(tmpdir(), 'bessd-test-'));
}

/** A folder with a `nats-server` that says only its version; undefined: one that fails. */
function script(parent: string, name: string, version: string | undefined): string {
  const folder = path.join(parent, name);
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'nats-server');
  writeFileSync(file, version === undefined ? '#!/bin/sh\nexit 1\n' : `#!/bin/sh\necho "nats-server: v${version}"\n`);
  chmodSync(file, 0o755);
  return folder;
}
