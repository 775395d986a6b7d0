/**
 * Traces as data: the context of W3C Trace Context (`traceparent`) that goes with a command, and what control tells of its
 * way. Who makes spans of it sits in the north; control only hands the context on.
 */

/** Version 00 of W3C Trace Context. A later version may have more behind it, which is not looked at. */
const TRACEPARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const SAMPLED = 1;

export type TraceContext = {
  /** 32 hex digits. */
  readonly traceId: string;
  /** 16 hex digits; of the span that what follows belongs to. */
  readonly spanId: string;
  /** Whether spans are wanted; the id is kept in logs and records either way. */
  readonly sampled: boolean;
};

/** Undefined for what is no valid traceparent: it is left out, as the standard demands, and the command goes on. */
export function parseTraceparent(text: unknown): TraceContext | undefined {
  if (typeof text !== 'string') return undefined;
  const [, version, traceId, spanId, flags, more] = TRACEPARENT.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || (version === '00' && more !== undefined)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags ?? '0', 16) & SAMPLED) === SAMPLED };
}

export function traceparentOf({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** As a field of events and audit entries; none where there is no trace. */
export function traceField(traceparent: string | undefined): { readonly trace_id?: string } {
  const traceId = parseTraceparent(traceparent)?.traceId;
  return traceId === undefined ? {} : { trace_id: traceId };
}

/** A moment or a stretch on the way of a traced command that no other report tells. Times are of the wall clock. */
export type TraceStep =
  | {
      /** The dispatcher has kept its id and applied the limits; or has said no. */
      readonly step: 'permitted';
      readonly traceId: string;
      readonly fromMs: number;
      readonly toMs: number;
      readonly code: string | null;
    }
  | {
      /** An asset was given its share. */
      readonly step: 'given';
      readonly traceId: string;
      readonly atMs: number;
      readonly assetId: string;
      readonly w: number;
    }
  | {
      /** What the record had to keep of it until then is on the disk. */
      readonly step: 'recorded';
      readonly traceId: string;
      readonly fromMs: number;
      readonly toMs: number;
    };
