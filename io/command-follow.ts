/**
 * Follows a command from its face to its reply: gives it its trace, tells the tracer, and leaves a line in the log.
 *
 * A trace that the caller began is gone on with, also where nothing is sent to a collector, so that its id is in replies,
 * events and logs. Otherwise a new one begins, where there are traces at all.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../contracts/clock.ts';
import type { CommandName, Origin, Reply } from '../contracts/commands.ts';
import type { Log } from '../contracts/log-events.ts';
import { parseTraceparent, traceparentOf } from '../contracts/trace.ts';
import type { CommandFact, TraceContext } from '../contracts/trace.ts';

export type Followed = {
  /** What goes on to control with it. */
  readonly traceparent: string | undefined;
  /** Its form is right. */
  readonly checked: () => void;
  /** The reply, with the id of the trace. */
  readonly answered: (reply: Reply) => Reply;
};

export type Follow = (name: CommandName, body: unknown, origin: Origin, traceparent: string | undefined) => Followed;

export type FollowParts = {
  readonly clock: Pick<Clock, 'now' | 'wall'>;
  readonly log: Log;
  /** Undefined where no spans are made. */
  readonly tracer?: { readonly tell: (fact: CommandFact) => void; readonly begins: boolean } | undefined;
};

const LONGEST_ID = 128;

export function followCommands({ clock, log, tracer }: FollowParts): Follow {
  return (command, body, origin, traceparent) => {
    const asked = parseTraceparent(traceparent);
    const trace = contextOf(asked);
    const told = trace?.sampled && tracer ? tracer.tell : undefined;
    const cameAtMs = clock.now();
    const id = idOf(body);
    const spanId = trace?.spanId ?? '';
    if (trace)
      told?.({
        type: 'COMMAND_RECEIVED',
        trace,
        parentSpanId: asked?.spanId,
        command,
        origin,
        orderId: command === 'dispatch' ? id : undefined,
        atMs: clock.wall(),
      });
    return {
      traceparent: trace && traceparentOf(trace),
      checked: () => told?.({ type: 'COMMAND_CHECKED', spanId, atMs: clock.wall() }),
      answered(reply) {
        const code = reply.ok ? undefined : reply.code;
        told?.({ type: 'COMMAND_ANSWERED', spanId, atMs: clock.wall(), code, ...assetsOf(reply) });
        log('command_answered', {
          command,
          origin,
          id: id ?? '',
          code: code ?? 'OK',
          took_ms: Math.round(clock.now() - cameAtMs),
          trace_id: trace?.traceId,
        });
        return trace ? { ...reply, trace_id: trace.traceId } : reply;
      },
    };
  };

  /** Where spans are made the command has one of its own; else it stays below the caller's. */
  function contextOf(asked: TraceContext | undefined): TraceContext | undefined {
    if (!tracer) return asked;
    const spanId = hex(8);
    if (asked) return { ...asked, spanId };
    return tracer.begins ? { traceId: hex(16), spanId, sampled: true } : undefined;
  }
}

export function hex(bytes: number): string {
  return randomBytes(bytes).toString('hex');
}

function idOf(body: unknown): string | undefined {
  const id: unknown = typeof body === 'object' && body !== null && 'id' in body ? body.id : undefined;
  return typeof id === 'string' && id.length <= LONGEST_ID ? id : undefined;
}

function assetsOf(reply: Reply): { readonly [W in 'stopping' | 'zero' | 'unconfirmed']: readonly string[] } {
  const data = (reply.ok ? reply.data : undefined) as Readonly<Record<string, unknown>> | null | undefined;
  const list = (name: string): readonly string[] => {
    const found: unknown = data?.[name];
    return Array.isArray(found) ? found.filter((one) => typeof one === 'string') : [];
  };
  return { stopping: list('stopping'), zero: list('zero'), unconfirmed: list('unconfirmed') };
}
