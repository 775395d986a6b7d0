/** Runs a case of scripts/otp/trees.ts on our supervisors and writes the same line that oracle.erl writes for it. */
import type { EventObject } from 'xstate';
import type { Branch, Case, End, Failing, Leaf, Slow } from '../../scripts/otp/trees.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import { fromProcess } from '../../supervisor/process.ts';
import type { ChildSpec, SupervisorOutput, SupervisorSpec } from '../../supervisor/spec.ts';
import { supervisor } from '../../supervisor/supervisor.ts';
import { startSystem } from '../../supervisor/system.ts';

export async function traceOf({ tree, failing, steps }: Case): Promise<string> {
  const stage = stageOf(failing);
  const clock = virtualClock();
  const system = startSystem(supervisorSpec(tree, stage), { clock });
  let ended: SupervisorOutput | undefined;
  void system.ended.then((output) => (ended = output));

  const done = [await settled()];
  if (ended) return `${done.join(' ')}!failed`;
  for (const { failing: next, slow, ...end } of steps) {
    stage.arm(next);
    stage.slow = slow?.worker;
    send(end);
    await clock.advance(0);
    if (slow && stage.goOn) await meanwhile(slow, stage.goOn);
    stage.slow = undefined;
    stage.goOn = undefined;
    done.push(await settled());
    if (ended) return `${done.join(' ')}!shutdown`;
  }
  void system.stop();
  done.push(await settled());
  return `${done.join(' ')}${ended ? '!shutdown' : ' is still running'}`;

  async function meanwhile({ worker, meanwhile: end }: Slow, goOn: () => void): Promise<void> {
    if (end.worker !== worker) send(end);
    await clock.advance(0);
    stage.slow = undefined;
    goOn();
  }

  function send({ worker, reason }: End): void {
    system.send(worker, { type: reason });
  }

  async function settled(): Promise<string> {
    await clock.advance(0);
    return stage.journal.splice(0).join('');
  }
}

/** What the workers of one run share. */
type Stage = {
  readonly journal: string[];
  /** How many more starts of a worker fail. */
  readonly failures: Map<string, number>;
  readonly arm: (failing: Failing | undefined) => void;
  slow: string | undefined;
  /** Set while the slow worker holds up its end. */
  goOn: (() => void) | undefined;
};

function stageOf(failing: Failing | undefined): Stage {
  const failures = new Map<string, number>();
  const arm = (next: Failing | undefined): void => {
    if (next) failures.set(next.worker, next.starts);
  };
  arm(failing);
  return { journal: [], failures, arm, slow: undefined, goOn: undefined };
}

function supervisorSpec({ id, strategy, intensity, children }: Branch, stage: Stage): SupervisorSpec {
  const periodMs = 86_400_000;
  return { id, strategy, intensity, periodMs, children: children.map((child) => childSpec(child, stage)) };
}

function childSpec(node: Branch | Leaf, stage: Stage): ChildSpec {
  const { id, restart } = node;
  if (node.kind === 'worker')
    return { id, restart, shutdown: node.shutdown, type: 'worker', start: () => worker(id, stage) };
  return { id, restart, type: 'supervisor', start: () => supervisor(supervisorSpec(node, stage)) };
}

function worker(id: string, stage: Stage): ReturnType<typeof fromProcess<EventObject>> {
  const left = stage.failures.get(id) ?? 0;
  if (left > 0) {
    stage.failures.set(id, left - 1);
    throw new Error('cannot start');
  }
  return fromProcess<EventObject>(async ({ signal, lease, onMessage }) => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    stage.journal.push(`+${id.slice(1)}`);
    lease.lost.addEventListener('abort', () => stage.journal.push(`-${id.slice(1)}`));
    signal.addEventListener('abort', () => {
      if (lease.held && id === stage.slow) stage.goOn = () => resolve(undefined);
      else resolve(undefined);
    });
    onMessage(({ type }) => {
      if (type === 'crash') throw new Error('crash');
      resolve({ reason: type });
    });
    return promise;
  });
}
