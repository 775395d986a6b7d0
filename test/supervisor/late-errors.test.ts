import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { setTimeout as sleep } from 'node:timers/promises';
import { createServer, connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { setup } from 'xstate';
import { fromProcess } from '../../supervisor/process.ts';
import { systemClock } from '../../supervisor/clock.ts';
import { attributeLateErrors, startSystem } from '../../supervisor/system.ts';

const defects: unknown[] = [];
attributeLateErrors((error) => defects.push(error));

const LATE: Record<string, () => void> = {
  'a timer': () =>
    void setTimeout(() => {
      throw new Error('late');
    }, 5),
  'an interval': () => {
    const id = setInterval(() => {
      clearInterval(id);
      throw new Error('late');
    }, 5);
  },
  'a floating promise': () =>
    void sleep(5).then(() => {
      throw new Error('late');
    }),
  'a socket handler': () => {
    const server = createServer((socket) => socket.end('x'));
    server.listen(0, '127.0.0.1', () => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      socket.on('data', () => {
        server.close();
        throw new Error('late');
      });
    });
  },
};

for (const [where, fail] of Object.entries(LATE)) {
  test(`an error thrown later in ${where} is the failure of the actor that it belongs to, and of no other`, async () => {
    const starts: string[] = [];
    const well = {
      id: 'well',
      start: () =>
        fromProcess(async ({ signal }) => {
          starts.push('well');
          await untilAborted(signal);
        }),
    };
    const ill = {
      id: 'ill',
      start: () =>
        fromProcess(async ({ signal }) => {
          starts.push('ill');
          if (starts.filter((id) => id === 'ill').length === 1) fail();
          await untilAborted(signal);
        }),
    };
    const system = startSystem({ id: 'root', strategy: 'one_for_one', children: [well, ill] }, { clock: systemClock });
    for (let wait = 0; wait < 100 && starts.length < 3; wait += 1) await sleep(10);
    assert.equal(starts, ['well', 'ill', 'ill']);
    assert.is(system.tree().children?.[1]?.last_reason, 'Error: late');
    assert.equal(defects, []);
    await system.stop();
  });
}

test('an error that a message left behind is the failure of who got the message, not of who sent it', async () => {
  const starts: string[] = [];
  const sender = fromProcess(async ({ send, signal }) => {
    starts.push('sender');
    if (starts.length === 2) send('machine', { type: 'GO' });
    await untilAborted(signal);
  });
  const machine = setup({}).createMachine({
    entry: () => starts.push('machine'),
    on: { GO: { actions: () => LATE['a timer']?.() } },
  });
  const system = startSystem(
    {
      id: 'root',
      strategy: 'one_for_one',
      children: [
        { id: 'machine', start: () => machine },
        { id: 'sender', start: () => sender },
      ],
    },
    { clock: systemClock },
  );
  for (let wait = 0; wait < 100 && starts.length < 3; wait += 1) await sleep(10);
  assert.equal(starts, ['machine', 'sender', 'machine']);
  await system.stop();
});

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
}

test.run();
