import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromCallback, setup, spawnChild } from 'xstate';
import type { AnyActorLogic, EventObject } from 'xstate';
import { virtualClock } from '../../supervisor/clock.ts';
import type { VirtualClock } from '../../supervisor/clock.ts';
import { fromProcess } from '../../supervisor/process.ts';
import type { ProcessContext } from '../../supervisor/process.ts';
import type { ChildSpec, SupervisorSpec } from '../../supervisor/spec.ts';
import { startSystem } from '../../supervisor/system.ts';
import type { RunningSystem } from '../../supervisor/system.ts';

type Self = ProcessContext<EventObject, unknown>;

function play(spec: Partial<SupervisorSpec> & { children: ChildSpec[] }): {
  system: RunningSystem;
  clock: VirtualClock;
} {
  const clock = virtualClock();
  return { clock, system: startSystem({ id: 'root', strategy: 'one_for_one', intensity: 5, ...spec }, { clock }) };
}

function boom(): never {
  throw new Error('boom');
}

/** Counts how many of its incarnations live. */
function holder(): { readonly logic: AnyActorLogic; readonly living: () => number } {
  let living = 0;
  const logic = fromProcess(async ({ lease, signal }) => {
    living += 1;
    lease.lost.addEventListener('abort', () => (living -= 1));
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  });
  return { logic, living: () => living };
}

// Without it the heap shows when the collector last ran, not what is held.
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

test('a machine that throws after it has spawned leaves no child, also when it throws in its first entry action', async () => {
  for (const where of ['entry', 'event'] as const) {
    const { logic, living } = holder();
    let starts = 0;
    const machine = setup({ actors: { logic }, actions: { boom } }).createMachine({
      entry: [spawnChild('logic', { id: 'x' }), ...(where === 'entry' ? ['boom' as const] : [])],
      invoke: { src: 'logic' },
      on: { BOOM: { actions: [spawnChild('logic', { id: 'y' }), 'boom'] } },
    });
    const start = (): AnyActorLogic => {
      starts += 1;
      return where === 'entry' && starts > 1 ? holder().logic : machine;
    };
    const { system, clock } = play({ quarantine: true, children: [{ id: 'm', start }] });
    await clock.advance(0);
    assert.is(living(), where === 'entry' ? 0 : 2);
    system.send('m', { type: 'BOOM' });
    await clock.advance(0);
    assert.is(living(), where === 'entry' ? 0 : 2, 'those of the new one only');
    await system.stop();
    assert.is(living(), 0);
  }
});

test('a machine that a process has spawned and that throws leaves no child either', async () => {
  const { logic, living } = holder();
  const machine = setup({ actors: { logic }, actions: { boom } }).createMachine({
    invoke: { src: 'logic' },
    on: { BOOM: { actions: 'boom' } },
  });
  const parent = fromProcess(async ({ spawn, onMessage }) => {
    const child = spawn(machine, { id: 'machine' });
    onMessage((message) => child.send(message));
    await new Promise(() => {});
  });
  const { system, clock } = play({ children: [{ id: 'p', start: () => parent }] });
  await clock.advance(0);
  system.send('p', { type: 'BOOM' });
  await clock.advance(0);
  assert.is(living(), 1);
  system.kill();
  assert.is(living(), 0);
});

test('a callback actor that throws cleans up, though XState leaves its cleanup out', async () => {
  let open = 0;
  const callback = fromCallback(({ receive }) => {
    open += 1;
    receive(boom);
    return () => (open -= 1);
  });
  const { system } = play({ children: [{ id: 'c', start: () => callback }] });
  system.send('c', { type: 'ANY' });
  assert.is(open, 1);
  await system.stop();
  assert.is(open, 0);
});

for (const how of ['crash', 'kill', 'return'] as const) {
  test(`after ${how} a process that runs on can do nothing: no timer, no child, no monitor, no message, no lease, no name`, async () => {
    let self: Self | undefined;
    const fired: string[] = [];
    const heard: string[] = [];
    const zombie = fromProcess<EventObject, unknown>(async (context) => {
      self = context;
      context.clock.setTimeout(() => fired.push('before'), 100);
      context.monitor('other');
      context.onMessage(({ type }) => {
        heard.push(type);
        if (type === 'BOOM') boom();
      });
      context.spawn(holder().logic, { id: 'inner' });
      await new Promise<void>((resolve) => {
        if (how === 'return') context.clock.setTimeout(resolve, 1);
      });
    });
    const other = fromProcess(async ({ onMessage }) => {
      onMessage(({ type }) => heard.push(`other ${type}`));
      await new Promise(() => {});
    });
    const { system, clock } = play({
      children: [
        { id: 'other', start: () => other, shutdown: 'brutal_kill' },
        { id: 'zombie', start: () => zombie, restart: 'temporary', shutdown: 'brutal_kill' },
      ],
    });
    if (how === 'crash') system.send('zombie', { type: 'BOOM' });
    if (how === 'kill') await system.administration('root')?.terminateChild('zombie');
    await clock.advance(1);
    heard.length = 0;
    if (!self) throw new Error('it never ran');
    const dead: Self = self;
    assert.is(dead.lease.held, false);
    assert.is(dead.signal.aborted, true);
    assert.is(system.send('zombie', { type: 'LATE' }), false);
    assert.is(dead.send('other', { type: 'LATE' }), false);
    assert.throws(() => dead.spawn(holder().logic, { id: 'late' }), /has ended and starts no late/);
    dead.clock.setTimeout(() => fired.push('after'), 10);
    dead.monitor('nobody');
    dead.ready();
    dead.crash(new Error('late'));
    assert.is(await dead.receive(1000), undefined);
    assert.is(clock.pending(), 0);
    await clock.advance(1000);
    assert.equal([fired, heard], [[], []]);
    assert.is(system.tree().children?.length, 1);
    system.kill();
  });
}

test('a timer of a process that throws is the failure of that process, on the virtual clock too', async () => {
  let starts = 0;
  const late = fromProcess(async ({ clock }) => {
    starts += 1;
    if (starts === 1) clock.setTimeout(boom, 50);
    await new Promise(() => {});
  });
  const { system, clock } = play({ children: [{ id: 'late', start: () => late }] });
  await clock.advance(50);
  assert.is(starts, 2);
  assert.is(system.tree().children?.[0]?.last_reason, 'Error: boom');
});

test('children that end, and monitors that have spoken, are forgotten by the process that had them', async () => {
  const short = fromProcess(async () => {});
  let downs = 0;
  const busy = fromProcess<EventObject>(async ({ spawn, monitor, receive }) => {
    for (let round = 0; round < 500; round += 1) {
      spawn(short, { id: `short-${round}` });
      monitor('nobody');
      if ((await receive())?.type === 'DOWN') downs += 1;
    }
    await new Promise(() => {});
  });
  const { clock, system } = play({ children: [{ id: 'busy', start: () => busy }] });
  await clock.advance(0);
  assert.is(downs, 500);
  assert.is(system.tree().children?.[0]?.mailbox_depth, 0);
});

test('ten thousand crashes of one child leave no memory behind', async () => {
  const { logic } = holder();
  const machine = setup({ actors: { logic }, actions: { boom } }).createMachine({
    invoke: { src: 'logic' },
    on: { BOOM: { actions: 'boom' } },
  });
  const { system, clock } = play({ intensity: 10, periodMs: 1, children: [{ id: 'm', start: () => machine }] });
  const crash = async (times: number): Promise<number> => {
    for (let time = 0; time < times; time += 1) {
      system.send('m', { type: 'BOOM' });
      clock.advanceSync(1);
      if (time % 100 === 0) await clock.advance(0);
    }
    collectGarbage();
    return process.memoryUsage().heapUsed / 2 ** 20;
  };
  const before = await crash(2000);
  const after = await crash(10_000);
  assert.ok(after - before < 20, `${before} MiB, then ${after} MiB`);
  assert.is(system.tree().children?.[0]?.restarts, 12_000);
});

test.run();
