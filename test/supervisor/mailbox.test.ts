import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { EventObject } from 'xstate';
import { virtualClock } from '../../supervisor/clock.ts';
import type { VirtualClock } from '../../supervisor/clock.ts';
import type { MailboxPolicy } from '../../supervisor/mailbox.ts';
import { fromProcess } from '../../supervisor/process.ts';
import type { ProcessContext } from '../../supervisor/process.ts';
import { startSystem } from '../../supervisor/system.ts';
import type { RunningSystem } from '../../supervisor/system.ts';

type Numbered = EventObject & { readonly type: 'N' | 'URGENT' | 'DOWN'; readonly n?: number };
type Self = ProcessContext<Numbered, undefined>;

type Played = { readonly system: RunningSystem; readonly clock: VirtualClock; readonly self: () => Self };

function play(policy: MailboxPolicy<Numbered>): Played {
  let self: Self | undefined;
  const logic = fromProcess<Numbered>(async (context) => {
    self = context;
    await new Promise<void>((resolve) => context.signal.addEventListener('abort', () => resolve()));
  }, policy);
  const clock = virtualClock();
  const system = startSystem(
    { id: 'root', strategy: 'one_for_one', children: [{ id: 'p', start: () => logic }] },
    { clock },
  );
  return {
    system,
    clock,
    self: () => {
      if (!self) throw new Error('it never ran');
      return self;
    },
  };
}

async function drain({ receive }: Self): Promise<string[]> {
  const got: string[] = [];
  for (;;) {
    const message = await Promise.race([
      receive(0),
      new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
    ]);
    if (!message) return got;
    got.push(message.type + (message.n ?? ''));
  }
}

const say = ({ system }: Played, n: number, type: Numbered['type'] = 'N'): boolean =>
  system.send('p', { type, n } as EventObject);

test('refuse: a full mailbox takes no new message, tells the sender, and counts', async () => {
  const played = play({ limit: 3 });
  assert.equal(
    [1, 2, 3, 4, 5].map((n) => say(played, n)),
    [true, true, true, false, false],
  );
  const [node] = played.system.tree().children ?? [];
  assert.equal([node?.mailbox_depth, node?.mailbox_lost], [3, 2]);
  assert.equal(await drain(played.self()), ['N1', 'N2', 'N3']);
});

test('drop_oldest: a full mailbox drops its oldest message, counts it, and takes the new one', async () => {
  const played = play({ limit: 3, whenFull: 'drop_oldest' });
  assert.equal(
    [1, 2, 3, 4, 5].map((n) => say(played, n)),
    [true, true, true, true, true],
  );
  const [node] = played.system.tree().children ?? [];
  assert.equal([node?.mailbox_depth, node?.mailbox_lost], [3, 2]);
  assert.equal(await drain(played.self()), ['N3', 'N4', 'N5']);
});

for (const whenFull of ['refuse', 'drop_oldest'] as const) {
  test(`lanes (${whenFull}): what is urgent, and DOWN, is neither kept out by a full mailbox nor waits behind it`, async () => {
    const played = play({ limit: 2, whenFull, urgent: ({ type }) => type === 'URGENT' });
    say(played, 1);
    say(played, 2);
    assert.is(say(played, 3, 'DOWN'), true);
    assert.is(say(played, 4, 'DOWN'), true);
    assert.is(say(played, 5, 'DOWN'), true);
    assert.is(say(played, 6, 'URGENT'), true);
    assert.is(say(played, 7, 'URGENT'), true);
    assert.is(say(played, 8, 'URGENT'), whenFull === 'drop_oldest', 'its own lane has the same limit');
    const urgent = whenFull === 'refuse' ? ['URGENT6', 'URGENT7'] : ['URGENT7', 'URGENT8'];
    assert.equal(await drain(played.self()), [...urgent, 'DOWN3', 'DOWN4', 'DOWN5', 'N1', 'N2']);
  });
}

test('receive waits for the next message, or until its time is over, or until the process is told to end', async () => {
  const played = play({});
  const { self, clock, system } = played;
  const heard: unknown[] = [];
  const hear = (timeoutMs?: number): void =>
    void self()
      .receive(timeoutMs)
      .then((message) => heard.push(message?.n));
  hear(100);
  say(played, 1);
  await clock.advance(200);
  assert.equal(heard.splice(0), [1]);
  hear(100);
  await clock.advance(99);
  assert.equal(heard, []);
  await clock.advance(1);
  assert.equal(heard.splice(0), [undefined]);
  say(played, 2);
  await clock.advance(0);
  hear();
  await clock.advance(0);
  assert.equal(heard.splice(0), [2], 'what came too late for one is there for the next');
  hear();
  const stopped = system.stop();
  await clock.advance(0);
  assert.equal(heard, [undefined]);
  await stopped;
  assert.is(clock.pending(), 0);
});

test('a second receive beside one that waits is refused: it would take its message', async () => {
  const played = play({});
  const first = played.self().receive();
  const error = await played.self().receive(10).catch(String);
  assert.match(String(error), /already waits/);
  say(played, 1);
  assert.is((await first)?.n, 1);
});

test('a handler gets what waited first, then every message before its sender goes on', () => {
  const played = play({});
  const heard: unknown[] = [];
  say(played, 1);
  say(played, 2);
  played.self().onMessage(({ n }) => heard.push(n));
  say(played, 3);
  assert.equal(heard, [1, 2, 3]);
});

test.run();
