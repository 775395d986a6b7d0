/** What the dispatcher tells of a traced command: when it was decided on, and what each asset was given. */
import type { Clock } from '../../contracts/clock.ts';
import type { Code } from '../../contracts/faults.ts';
import type { Order } from '../../contracts/operation.ts';
import type { TraceStep } from '../../contracts/trace.ts';
import { parseTraceparent } from '../../contracts/trace.ts';
import type { Board } from '../board.ts';

/** A traced command, or one that is not, since it came in. */
export type Way = { readonly trace: string | undefined; readonly cameAtMs: number };

export type Tracing = {
  readonly came: (trace: string | undefined) => Way;
  readonly decided: (way: Way, code?: Code) => void;
  readonly given: (assetId: string, order: Order) => void;
};

export function tracing({ report }: Pick<Board, 'report'>, clock: Pick<Clock, 'wall'>): Tracing {
  const tell = (trace: string | undefined, step: (spanId: string) => TraceStep): void => {
    const context = trace === undefined ? undefined : parseTraceparent(trace);
    if (context?.sampled) report({ type: 'TRACE', step: step(context.spanId) });
  };
  return {
    came: (trace) => ({ trace, cameAtMs: clock.wall() }),
    decided: ({ trace, cameAtMs: fromMs }, code) =>
      tell(trace, (spanId) => ({ step: 'permitted', spanId, fromMs, toMs: clock.wall(), code: code ?? null })),
    given: (assetId, { trace, w }) =>
      tell(trace, (spanId) => ({ step: 'given', spanId, atMs: clock.wall(), assetId, w })),
  };
}
