/**
 * Workers and systems for the cases of OTP's supervisor_SUITE: what they start and how they end is written down in order.
 */
import type { EventObject } from 'xstate';
import type { Administration } from '../../../supervisor/administration.ts';
import { virtualClock } from '../../../supervisor/clock.ts';
import type { VirtualClock } from '../../../supervisor/clock.ts';
import type { SupervisionReport } from '../../../supervisor/context.ts';
import { ShutdownExit } from '../../../supervisor/exit.ts';
import { fromProcess } from '../../../supervisor/process.ts';
import { IGNORE } from '../../../supervisor/spec.ts';
import type { ChildSpec, SupervisorOutput, SupervisorSpec } from '../../../supervisor/spec.ts';
import { startSystem } from '../../../supervisor/system.ts';
import type { RunningSystem } from '../../../supervisor/system.ts';
import type { TreeNode } from '../../../contracts/status.ts';

export type How = 'normal' | 'shutdown' | 'abnormal';

export type WorkerOptions = Partial<ChildSpec> & {
  readonly endsAfterMs?: number;
  /** Does not end when told to. */
  readonly deaf?: boolean;
  /** What its starts answer, one after the other; `ok` when the list is used up. */
  readonly starts?: ('ok' | 'ignore' | 'error')[];
};

export type Played = {
  readonly system: RunningSystem;
  readonly clock: VirtualClock;
  readonly reports: SupervisionReport[];
  /** Set when the root has ended. */
  readonly output: () => SupervisorOutput | undefined;
  /** One worker ends by itself; everything that follows at once has happened afterwards. */
  readonly exit: (id: string, how: How) => Promise<void>;
  readonly admin: (name?: string) => Administration;
  readonly status: (id: string) => TreeNode['status'] | undefined;
};

export type Stage = {
  readonly log: string[];
  readonly worker: (id: string, options?: WorkerOptions) => ChildSpec;
  readonly play: (spec: Partial<SupervisorSpec> & Pick<SupervisorSpec, 'children'>) => Played;
};

export function stage(): Stage {
  const log: string[] = [];
  return { log, worker: (id, options) => workerSpec(log, id, options), play };
}

function workerSpec(log: string[], id: string, options: WorkerOptions = {}): ChildSpec {
  const { endsAfterMs = 0, deaf = false, starts = [], ...more } = options;
  const start: ChildSpec['start'] = (argument) => {
    const answer = starts.shift();
    if (answer === 'ignore') return IGNORE;
    if (answer === 'error') throw new Error(`${id} cannot start`);
    const name = argument === undefined ? id : `${id}:${String(argument)}`;
    return fromProcess<EventObject>(async ({ signal, clock, onMessage, lease }) => {
      log.push(`+${name}`);
      lease.lost.addEventListener('abort', () => log.push(`-${name}`));
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      onMessage(({ type }) => {
        if (type === 'abnormal') throw new Error(`${id} crashed`);
        if (type === 'shutdown') reject(new ShutdownExit());
        if (type === 'normal') resolve();
      });
      if (!deaf) signal.addEventListener('abort', () => clock.setTimeout(resolve, endsAfterMs));
      await promise;
    });
  };
  return { id, start, ...more };
}

function play(spec: Parameters<Stage['play']>[0]): Played {
  const clock = virtualClock();
  const reports: SupervisionReport[] = [];
  const report = (one: SupervisionReport): void => void reports.push(one);
  const system = startSystem({ id: 'root', strategy: 'one_for_one', ...spec }, { clock, report });
  let output: SupervisorOutput | undefined;
  void system.ended.then((ended) => (output = ended));
  return {
    system,
    clock,
    reports,
    output: () => output,
    async exit(id, how) {
      system.send(id, { type: how });
      await clock.advance(0);
    },
    admin(name = 'root') {
      const found = system.administration(name);
      if (!found) throw new Error(`no supervisor ${name}`);
      return found;
    },
    status: (id) => find(system.tree(), id)?.status,
  };
}

export function find(node: TreeNode, id: string): TreeNode | undefined {
  if (node.id === id) return node;
  for (const child of node.children ?? []) {
    const found = find(child, id);
    if (found) return found;
  }
  return undefined;
}
