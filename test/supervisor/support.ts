/** A recording system on the virtual clock: which children started and ended, in order. */
import { startSystem } from '../../supervisor/system.ts';
import type { RunningSystem } from '../../supervisor/system.ts';
import type { SupervisionReport } from '../../supervisor/context.ts';
import { fromProcess } from '../../supervisor/process.ts';
import type { ChildSpec, SupervisorSpec } from '../../supervisor/spec.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import type { VirtualClock } from '../../supervisor/clock.ts';

export type Crash = { readonly type: 'CRASH' } | { readonly type: 'END' };

export type Recorder = {
  readonly log: string[];
  /** A child that ends when told, crashes on CRASH and ends normally on END. */
  readonly child: (id: string, more?: Partial<ChildSpec> & { endsAfterMs?: number; deaf?: boolean }) => ChildSpec;
  readonly run: (spec: SupervisorSpec) => { system: RunningSystem; clock: VirtualClock; reports: SupervisionReport[] };
};

export function recorder(): Recorder {
  const log: string[] = [];
  return {
    log,
    child: (id, { endsAfterMs = 0, deaf = false, ...more } = {}) => ({
      id,
      start: () =>
        fromProcess<Crash>(async ({ signal, clock, onMessage, lease }) => {
          log.push(`+${id}`);
          lease.lost.addEventListener('abort', () => log.push(`-${id}`));
          const { promise, resolve } = Promise.withResolvers<void>();
          onMessage(({ type }) => {
            if (type === 'CRASH') throw new Error(`${id} crashed`);
            if (type === 'END') resolve();
          });
          if (!deaf)
            signal.addEventListener('abort', () =>
              endsAfterMs === 0 ? resolve() : clock.setTimeout(resolve, endsAfterMs),
            );
          await promise;
        }),
      ...more,
    }),
    run(spec) {
      const clock = virtualClock();
      const reports: SupervisionReport[] = [];
      return { clock, reports, system: startSystem(spec, { clock, report: (report) => reports.push(report) }) };
    },
  };
}
