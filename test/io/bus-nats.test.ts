import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findBrokers } from '../../io/broker-find.ts';
import { startBroker } from '../../io/broker.ts';
import type { RunningBroker } from '../../io/broker.ts';
import { dial, openNatsBus, withoutCredentials } from '../../io/bus-nats.ts';
import type { Bus, BusState } from '../../io/bus.ts';
import { systemClock } from '../../supervisor/clock.ts';

const log = (): void => undefined;
const binaries = await findBrokers();
const versions = new Map(binaries.map((binary) => [binary.version, binary]));
if (versions.size === 0) console.log('SKIPPED: no nats-server on this machine, so the bus was not tried against one');

test('an address is shown without its password', () => {
  assert.is(withoutCredentials('nats://ana:secret@127.0.0.1:4222'), 'nats://127.0.0.1:4222');
});

test('a broker that is not there is a state of the bus: messages are dropped and said to be', async () => {
  const states: boolean[] = [];
  const bus = open('nats://127.0.0.1:1', ({ connected }) => states.push(connected));
  await until(() => states.length > 0);
  assert.is(bus.publish('a', {}), false);
  assert.is(states[0], false);
  await bus.close();
});

for (const [version, binary] of versions) {
  const started = (dataDir: string, preferredPort: number): Promise<RunningBroker> =>
    startBroker({ siteId: 'S', dataDir, binary, preferredPort, log, signal: new AbortController().signal });

  test(`what is served is answered and listed as the service bessd (nats-server ${version})`, async () => {
    const broker = await started(temporary(), 0);
    const bus = open(broker.url);
    bus.serve('bess.S.cmd.stop', async (body) => ({ ok: true, data: body }));
    await until(() => bus.state().connected);
    const client = await dial(broker.url, 'test', { reconnect: false });
    await until(async () => (await client.request('bess.S.cmd.stop', '{"issuer":"ana"}')).json<{ ok: boolean }>().ok);
    assert.is((await client.request('bess.S.cmd.stop', 'not json')).json<{ code: string }>().code, 'BAD_REQUEST');
    assert.is(
      (await client.request('bess.S.cmd.stop', 'x'.repeat(70_000))).json<{ code: string }>().code,
      'BAD_REQUEST',
    );
    const info = (await client.request('$SRV.INFO.bessd')).json<{ name: string; endpoints: { subject: string }[] }>();
    assert.equal([info.name, info.endpoints.map(({ subject }) => subject)], ['bessd', ['bess.S.cmd.stop']]);
    assert.is(bus.state().version, version);
    await client.close();
    await bus.close();
    await broker.stop();
  });

  test(`the bus comes back by itself after a restart of the broker, with all it serves (nats-server ${version})`, async () => {
    const dataDir = temporary();
    const broker = await started(dataDir, 0);
    const bus = open(broker.url);
    bus.serve('bess.S.status', async () => ({ ok: true, data: 'here' }));
    await until(() => bus.state().connected);
    await broker.stop();
    await until(() => !bus.state().connected);
    assert.is(bus.publish('a', {}), false);
    const next = await started(dataDir, broker.port);
    await until(() => bus.state().connected);
    const client = await dial(next.url, 'test', { reconnect: false });
    await until(
      async () =>
        (await client.request('bess.S.status', '').catch(() => undefined))?.json<{ data: string }>().data === 'here',
    );
    await client.close();
    await bus.close();
    await next.stop();
  });
}

test.run();

function open(url: string, onState: (state: BusState) => void = () => {}): Bus {
  return openNatsBus({
    url,
    name: 'test',
    version: '0.1.0',
    queue: '',
    clock: systemClock,
    log,
    onState,
    retryMs: 100,
  });
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await Promise.resolve(holds()).catch(() => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('did not come true within 10 s');
}

function temporary(): string {
  return mkdtempSync(path.join(tmpdir(), 'bessd-test-'));
}
