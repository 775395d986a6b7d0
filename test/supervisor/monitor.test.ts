import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { setup } from 'xstate';
import type { AnyActorLogic, EventObject } from 'xstate';
import type { Down } from '../../supervisor/monitor.ts';
import { fromProcess } from '../../supervisor/process.ts';
import { supervisor } from '../../supervisor/supervisor.ts';
import { stage } from './otp-suite/stage.ts';
import type { Played } from './otp-suite/stage.ts';

type Watching = Played & { readonly downs: string[]; readonly watch: () => void };

function watching(target: Parameters<ReturnType<typeof stage>['worker']>[1] | AnyActorLogic | undefined): Watching {
  const { worker, play } = stage();
  const downs: string[] = [];
  let watch = (): void => {};
  const watcher = fromProcess<EventObject>(async ({ monitor, onMessage, signal }) => {
    watch = () => monitor('target');
    onMessage((message) => {
      const { name, kind, reason } = message as Down;
      downs.push(`${name} ${kind}: ${reason}`);
    });
    watch();
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  });
  const logic = target && 'transition' in target ? { id: 'target', start: () => target } : undefined;
  const children = target ? [logic ?? worker('target', target as object)] : [];
  const played = play({ intensity: 9, children: [...children, { id: 'watcher', start: () => watcher }] });
  return { ...played, downs, watch: () => watch() };
}

for (const [how, expected] of [
  ['normal', 'target normal: normal'],
  ['shutdown', 'target shutdown: shutdown'],
  ['abnormal', 'target abnormal: Error: target crashed'],
] as const) {
  test(`DOWN ${how}: a monitor tells once of the end of that incarnation, with its reason`, async () => {
    const { downs, exit, watch } = watching({});
    await exit('target', how);
    assert.equal(downs, [expected]);
    await exit('target', how);
    assert.equal(downs, [expected], 'not of the next incarnation');
    watch();
    await exit('target', how);
    assert.equal(downs, [expected, expected]);
  });
}

test('DOWN noproc: at once, when nobody of that name lives', async () => {
  const { downs, clock } = watching(undefined);
  await clock.advance(0);
  assert.equal(downs, ['target noproc: noproc']);
});

test('DOWN shutdown: an orderly end by the supervisor is no failure', async () => {
  const { downs, admin, clock } = watching({});
  const ended = admin().terminateChild('target');
  await clock.advance(0);
  await ended;
  assert.equal(downs, ['target shutdown: shutdown']);
});

test('DOWN shutdown: so is it for a machine, which is simply stopped', async () => {
  const { downs, admin } = watching(setup({}).createMachine({}));
  await admin().terminateChild('target');
  assert.equal(downs, ['target shutdown: shutdown']);
});

for (const options of [{ shutdown: 'brutal_kill' }, { shutdown: 100, deaf: true }] as const) {
  test(`DOWN killed: a child with shutdown ${options.shutdown} that did not end by itself`, async () => {
    const { downs, admin, clock } = watching(options);
    const ended = admin().terminateChild('target');
    await clock.advance(100);
    await ended;
    assert.equal(downs, ['target killed: killed']);
  });
}

test('DOWN shutdown: a supervisor that gives up ends with reason shutdown, as in OTP', async () => {
  const { worker } = stage();
  const inner = supervisor({ id: 'target', strategy: 'one_for_one', intensity: 0, children: [worker('leaf')] });
  const { downs, exit } = watching(inner);
  await exit('leaf', 'abnormal');
  assert.is(downs.length, 1);
  assert.match(downs[0] ?? '', /^target shutdown: RESTART_INTENSITY/);
});

test('several monitors of one process each tell', async () => {
  const { downs, watch, exit } = watching({});
  watch();
  watch();
  await exit('target', 'normal');
  assert.is(downs.length, 3);
});

test.run();
