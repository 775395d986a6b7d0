/** What a message costs in a supervised actor, beside the same logic on bare XState. */
import { createActor, fromCallback } from 'xstate';
import type { AnyActorLogic, AnyActorRef } from 'xstate';
import { systemClock } from '../../supervisor/clock.ts';
import { fromProcess } from '../../supervisor/process.ts';
import { startSystem } from '../../supervisor/system.ts';
import { inTurns, rowOf } from '../measure.ts';
import type { Row, Size } from '../measure.ts';
import { SAMPLES, samplingMachine } from './children.ts';
import type { Sample } from './children.ts';

const AT_MOST = { of: 'ratio', atMost: 1.3 } as const;

export async function events(size: Size): Promise<readonly Row[]> {
  const count = size === 'full' ? 300_000 : 50_000;
  const rounds = size === 'full' ? 9 : 5;
  const sums = { process: 0, callback: 0 };
  const counting = fromProcess<Sample>(({ onMessage }) => {
    onMessage(({ value }) => (sums.process += value));
    return new Promise(() => {});
  });
  const callback = fromCallback<Sample>(({ receive }) => {
    receive(({ value }) => (sums.callback += value));
  });
  const results = await inTurns(rounds, {
    machine: () => timed(count, () => supervised(samplingMachine)),
    bareMachine: () => timed(count, () => bare(samplingMachine)),
    process: () => timed(count, () => supervised(counting)),
    bareCallback: () => timed(count, () => bare(callback)),
    named: () => timed(count, () => byName(counting)),
  });
  const floor = { name: 'bare callback', values: results.bareCallback };
  return [
    rowOf({
      what: 'event to a supervised machine',
      unit: 'ns',
      values: results.machine,
      floor: { name: 'bare machine', values: results.bareMachine },
      target: AT_MOST,
    }),
    rowOf({
      what: 'message to a process (onMessage)',
      unit: 'ns',
      values: results.process,
      floor,
      target: AT_MOST,
    }),
    rowOf({ what: 'message to a process by its name', unit: 'ns', values: results.named, floor }),
  ];
}

type Target = { readonly send: (sample: Sample) => void; readonly stop: () => void };

/** ns for one message. */
async function timed(count: number, open: () => Target): Promise<number> {
  const { send, stop } = open();
  const start = performance.now();
  for (let at = 0; at < count; at += 1) send(SAMPLES[at % SAMPLES.length] as Sample);
  const elapsedMs = performance.now() - start;
  stop();
  return (elapsedMs * 1e6) / count;
}

function supervised(logic: AnyActorLogic): Target {
  const system = startSystem(
    { id: 'root', strategy: 'one_for_one', children: [{ id: 'child', start: () => logic }] },
    { clock: systemClock },
  );
  const ref = system.system.get('child') as AnyActorRef;
  return { send: (sample) => ref.send(sample), stop: system.kill };
}

function byName(logic: AnyActorLogic): Target {
  const system = startSystem(
    { id: 'root', strategy: 'one_for_one', children: [{ id: 'child', start: () => logic }] },
    { clock: systemClock },
  );
  return { send: (sample) => void system.send('child', sample), stop: system.kill };
}

function bare(logic: AnyActorLogic): Target {
  const ref = createActor(logic).start();
  return { send: (sample) => ref.send(sample), stop: () => ref.stop() };
}
