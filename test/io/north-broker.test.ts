// alone
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { COMMANDS } from '../../contracts/commands.ts';
import type { ThreadSignal } from '../../contracts/links.ts';
import { findBrokers } from '../../io/broker-find.ts';
import { dial } from '../../io/bus-nats.ts';
import { askSocket } from '../../io/socket-client.ts';
import { TELEMETRY, startNorth } from './north-harness.ts';
import type { North } from './north-harness.ts';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const found = await findBrokers();
if (found.length === 0)
  console.log('SKIPPED: no nats-server on this machine, so the north was not tried with its own broker');

test('without any broker the site runs, says loudly what is lost and how to get it, and is healthy', async () => {
  await using north = await startNorth({ broker: false, env: { NATS_SERVER_BIN: '/nowhere/nats-server' } });
  const notice = await north.waitFor((signal) => isNotice(signal, 'broker-missing', 'active'));
  assert.match(JSON.stringify(notice), /install/i);
  north.report({ type: 'TELEMETRY', report: TELEMETRY });
  await until(
    async () => ((await (await fetch(`${north.http}/health`)).json()) as { status: string }).status === 'healthy',
  );
  const status = (await askSocket(north.socketPath, 'status', {}, 2000)) as {
    data: { broker: unknown; alarms: { alarm_id: string }[] };
  };
  assert.equal(status.data.broker, { kind: 'in_process', connected: true, url: null, version: null });
  assert.equal(
    status.data.alarms.map(({ alarm_id }) => alarm_id),
    ['broker-missing'],
  );
});

test('an outside broker that is down is an alarm and a degraded site, not an end', async () => {
  await using north = await startNorth({ broker: false, env: { NATS_URL: 'nats://127.0.0.1:1' } });
  await north.waitFor((signal) => isNotice(signal, 'broker-down', 'active'));
  north.report({ type: 'TELEMETRY', report: TELEMETRY });
  const health = (await (await fetch(`${north.http}/health`)).json()) as { status: string };
  assert.is(health.status, 'degraded');
  assert.is((await stopOverHttp(north)).status, 200);
});

test('a control thread without a heartbeat is an error within four seconds', async () => {
  await using north = await startNorth({
    broker: false,
    heartbeats: false,
    env: { NATS_SERVER_BIN: '/nowhere/nats-server' },
  });
  await until(
    async () => ((await (await fetch(`${north.http}/health`)).json()) as { status: string }).status === 'error',
    4000,
  );
  north.heartbeat();
  await until(
    async () => ((await (await fetch(`${north.http}/health`)).json()) as { status: string }).status !== 'error',
  );
});

test('a second site of the same id gets neither the port nor the socket of the first, and runs on without them', async () => {
  const env = { NATS_SERVER_BIN: '/nowhere/nats-server' };
  await using first = await startNorth({ broker: false, env });
  await using second = await startNorth({ broker: false, env, socketPath: first.socketPath });
  assert.is.not(first.http, second.http);
  const notice = await second.waitFor((signal) => isNotice(signal, 'socket-failing', 'active'));
  assert.match(JSON.stringify(notice), /another running site/);
  assert.is((await stopOverHttp(second)).status, 200);
  assert.is((await askSocket(first.socketPath, 'where', {}, 1000)).ok, true);
  assert.equal([first.seen.length, second.seen.length], [0, 1]);
});

if (found.length > 0) {
  test('telemetry, events and alarms are published under the names of the contract', async () => {
    await using north = await startNorth();
    const client = await dial(url(north), 'test', { reconnect: false });
    const subjects: string[] = [];
    client.subscribe('bess.>', { callback: (_error, message) => void subjects.push(message.subject) });
    await client.flush();
    await until(async () => {
      north.report({ type: 'TELEMETRY', report: TELEMETRY });
      north.report({ type: 'EVENT', event: { ts: '', seq: 1, kind: 'trip', asset_id: 'bess-1' } });
      north.report({
        type: 'ALARM',
        alarm: { ts: '', alarm_id: 'a', asset_id: null, severity: 'P3', state: 'active', message: '' },
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
      return new Set(subjects).size === 3;
    });
    assert.equal([...new Set(subjects)].toSorted(), [
      'bess.SITE-1.alarm',
      'bess.SITE-1.event.trip',
      'bess.SITE-1.telemetry.bess-1',
    ]);
    await client.close();
  });

  test('standard tools find one service bessd with status and every command', async () => {
    await using north = await startNorth();
    const client = await dial(url(north), 'test', { reconnect: false });
    const names = Object.keys(COMMANDS).toSorted();
    let subjects: string[] = [];
    await until(async () => {
      subjects = [];
      for await (const message of await client.requestMany('$SRV.INFO.bessd', '', { maxWait: 300 })) {
        subjects.push(...message.json<{ endpoints: { subject: string }[] }>().endpoints.map(({ subject }) => subject));
      }
      return subjects.length === names.length + 1;
    }).catch((error: unknown) => {
      throw new Error(`found ${subjects.toSorted().join(', ')}`, { cause: error });
    });
    assert.equal(subjects.toSorted(), [...names.map((name) => `bess.SITE-1.cmd.${name}`), 'bess.SITE-1.status']);
    await client.close();
  });

  test('a broker that is killed is an alarm; it comes back on its port, and so do the commands', async () => {
    await using north = await startNorth();
    const client = await dial(url(north), 'test');
    await until(async () => (await client.request('bess.SITE-1.status', '')).json<{ ok: boolean }>().ok);
    const { pid } = JSON.parse(readFileSync(path.join(north.dataDir, 'broker', 'broker.json'), 'utf8')) as {
      pid: number;
    };
    process.kill(pid, 'SIGKILL');
    await north.waitFor((signal) => isNotice(signal, 'broker-down', 'active'));
    assert.is((await stopOverHttp(north)).status, 200);
    await north.waitFor((signal) => isNotice(signal, 'broker-down', 'returned'));
    await until(
      async () => (await client.request('bess.SITE-1.status', '', { timeout: 500 })).json<{ ok: boolean }>().ok,
    );
    const listening = north.signals.filter((signal) => signal.type === 'LISTENING' && signal.what === 'broker');
    assert.equal(new Set(listening.map((signal) => JSON.stringify(signal))).size, 1);
    await client.close();
  });

  test('an emergency stop is not held up by a flood of orders, and none of the flood gets past its bound', async () => {
    await using north = await startNorth();
    const flooder = await dial(url(north), 'flood', { reconnect: false });
    const operator = await dial(url(north), 'operator', { reconnect: false });
    await until(
      async () =>
        (await operator.request('bess.SITE-1.cmd.estop', '{"reason":"warm","issuer":"a"}')).json<{ ok: boolean }>().ok,
    );
    north.setControl(({ command }) => (command.name === 'estop' ? { ok: true, data: {} } : undefined));
    north.seen.length = 0;
    const order = JSON.stringify({ id: '1', asset_id: 'bess-1', w: 1, duration_s: 60, issuer: 'flood' });
    for (let sent = 0; sent < 10_000; sent += 1)
      flooder.publish('bess.SITE-1.cmd.dispatch', order, { reply: 'nobody' });
    const began = performance.now();
    const reply = (
      await operator.request('bess.SITE-1.cmd.estop', '{"reason":"smoke","issuer":"ana"}', { timeout: 5000 })
    ).json<{ ok: boolean }>();
    const tookMs = performance.now() - began;
    console.log(`emergency stop behind 10,000 orders: ${tookMs.toFixed(1)} ms to the reply`);
    assert.ok(reply.ok);
    assert.ok(tookMs < 500, `${tookMs} ms`);
    assert.ok(north.seen.filter(({ command }) => command.name === 'dispatch').length <= 64);
    await flooder.close();
    await operator.close();
  });
}

test.run();

function isNotice(signal: ThreadSignal, alarmId: string, state: string): boolean {
  return signal.type === 'NOTICE' && signal.alarm_id === alarmId && signal.state === state;
}

function stopOverHttp(north: North): Promise<Response> {
  const body = JSON.stringify({ reason: 'smoke', issuer: 'ana' });
  return fetch(`${north.http}/api/v1/estop`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
}

function url(north: North): string {
  if (north.natsUrl === undefined) throw new Error('this north has no broker');
  return north.natsUrl;
}

async function until(holds: () => Promise<boolean>, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (performance.now() < end) {
    if (await holds().catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`did not come true within ${withinMs} ms`);
}
