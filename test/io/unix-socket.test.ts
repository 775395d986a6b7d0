import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Reply } from '../../contracts/commands.ts';
import { askSocket } from '../../io/socket-client.ts';
import { defaultSocketPath, findSockets, isTrusted } from '../../io/socket-path.ts';
import { listenUnixSocket } from '../../io/unix-socket.ts';

const echo = async (name: string, body: unknown): Promise<Reply> => ({ ok: true, data: { name, body } });

test('a request over the socket of the machine gets its reply', async () => {
  const socketPath = place();
  const server = await listenUnixSocket({ socketPath, handle: echo });
  assert.equal(await askSocket(socketPath, 'stop', { issuer: 'ana' }, 1000), {
    ok: true,
    data: { name: 'stop', body: { issuer: 'ana' } },
  });
  await server.close();
  assert.not.ok(existsSync(socketPath));
});

test('only its owner may open the socket', async () => {
  const socketPath = place();
  const server = await listenUnixSocket({ socketPath, handle: echo });
  assert.is(statSync(socketPath).mode & 0o777, 0o600);
  await server.close();
});

test('a slow request does not hold up the stop behind it', async () => {
  const socketPath = place();
  const handle = async (name: string): Promise<Reply> => {
    if (name === 'dispatch') await new Promise((resolve) => setTimeout(resolve, 300));
    return { ok: true, data: name };
  };
  const server = await listenUnixSocket({ socketPath, handle });
  const lines = await exchange(socketPath, '{"id":1,"name":"dispatch"}\n{"id":2,"name":"estop"}\n', 2);
  assert.equal(
    lines.map(({ id }) => id),
    [2, 1],
  );
  await server.close();
});

for (const [what, line] of [
  ['text that is not JSON', 'stop!'],
  ['a request without an id', '{"name":"stop"}'],
  ['a name that is no text', '{"id":1,"name":{}}'],
  ['null', 'null'],
  ['a line without an end', 'x'.repeat(70_000)],
] as const) {
  test(`${what} is answered with BAD_REQUEST`, async () => {
    const socketPath = place();
    const server = await listenUnixSocket({ socketPath, handle: echo });
    const [reply] = await exchange(socketPath, line.length > 1000 ? line : `${line}\n`, 1);
    assert.match(JSON.stringify(reply), /"code":"BAD_REQUEST"/);
    await server.close();
  });
}

test('the socket that a killed process left is replaced', async () => {
  const socketPath = place();
  const code = `require('node:net').createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', code]);
  assert.ok(existsSync(socketPath));
  const server = await listenUnixSocket({ socketPath, handle: echo });
  assert.ok((await askSocket(socketPath, 'status', {}, 1000)).ok);
  await server.close();
});

test('a socket on which somebody answers is left alone', async () => {
  const socketPath = place();
  const first = await listenUnixSocket({ socketPath, handle: echo });
  await rejects(listenUnixSocket({ socketPath, handle: echo }), 'CONNECT_FAILED');
  assert.ok((await askSocket(socketPath, 'status', {}, 1000)).ok);
  await first.close();
});

test('a file that is no socket is never removed, and a path that is too long is named', async () => {
  const socketPath = place();
  writeFileSync(socketPath, 'keep me');
  await rejects(listenUnixSocket({ socketPath, handle: echo }), 'FILE_UNREADABLE');
  assert.ok(existsSync(socketPath));
  await rejects(listenUnixSocket({ socketPath: `/tmp/${'x'.repeat(120)}.sock`, handle: echo }), 'FILE_UNREADABLE');
});

test('the command line finds the sockets of this user in the runtime folder', async () => {
  const socketPath = place();
  const env = { RUNTIME_DIRECTORY: path.dirname(socketPath) };
  assert.is(defaultSocketPath('S-1', env), socketPath);
  const server = await listenUnixSocket({ socketPath, handle: echo });
  writeFileSync(path.join(path.dirname(socketPath), 'bessd-file.sock'), '');
  assert.ok(findSockets(env).some((one) => one.siteId === 'S-1' && one.socketPath === socketPath));
  assert.not.ok(findSockets(env).some(({ siteId }) => siteId === 'file'));
  symlinkSync('/nowhere', path.join(path.dirname(socketPath), 'bessd-link.sock'));
  assert.is(isTrusted(path.join(path.dirname(socketPath), 'bessd-link.sock')), false);
  await server.close();
});

test.run();

function place(): string {
  return path.join(mkdtempSync(path.join(tmpdir(), 'bessd-s-')), 'bessd-S-1.sock');
}

function exchange(socketPath: string, text: string, count: number): Promise<{ id: number | null; reply: unknown }[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath, () => socket.write(text));
    let received = '';
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString();
      const lines = received.split('\n').slice(0, -1);
      if (lines.length < count) return;
      socket.destroy();
      resolve(lines.map((line) => JSON.parse(line) as { id: number | null; reply: unknown }));
    });
  });
}

async function rejects(promise: Promise<unknown>, code: string): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason as { code: string },
  );
  assert.is(error?.code, code);
}
