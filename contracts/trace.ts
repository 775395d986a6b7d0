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

/** What is on its way of a traced command and no other report tells. Times are of the wall clock. */
export type TraceStep = Permitted | Given | Recorded;

/** The dispatcher has kept its id and applied the limits; or has said no. `spanId` is that of the command. */
export type Permitted = {
  readonly step: 'permitted';
  readonly spanId: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly code: string | null;
};
/** An asset was given its share. */
export type Given = {
  readonly step: 'given';
  readonly spanId: string;
  readonly atMs: number;
  readonly assetId: string;
  readonly w: number;
};
/** That the order was written is on the disk, in the record. */
export type Recorded = {
  readonly step: 'recorded';
  readonly orderId: string;
  readonly fromMs: number;
  readonly toMs: number;
};

/** What a face tells of a traced command. */
export type CommandFact = CommandReceived | CommandChecked | CommandAnswered;

export type CommandReceived = {
  readonly type: 'COMMAND_RECEIVED';
  /** Its own span; the parent is of whoever asked. */
  readonly trace: TraceContext;
  readonly parentSpanId: string | undefined;
  readonly command: string;
  readonly origin: string;
  readonly orderId: string | undefined;
  readonly atMs: number;
};
/** Its form and signature are right, and it is on its way to control. */
export type CommandChecked = { readonly type: 'COMMAND_CHECKED'; readonly spanId: string; readonly atMs: number };
export type CommandAnswered = {
  readonly type: 'COMMAND_ANSWERED';
  readonly spanId: string;
  readonly atMs: number;
  readonly code: string | undefined;
  /** What the reply says of assets: being stopped, at zero, not confirmed. */
  readonly stopping: readonly string[];
  readonly zero: readonly string[];
  readonly unconfirmed: readonly string[];
};

export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** A span that is over, ready to be sent. */
export type SpanData = {
  readonly name: string;
  readonly trace: TraceContext;
  readonly parentSpanId: string | undefined;
  /** Of somebody else's request, or of our own. */
  readonly kind: 'server' | 'internal';
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Attributes;
  readonly events: readonly { readonly name: string; readonly atMs: number; readonly attributes: Attributes }[];
  /** Why it failed, where it did. */
  readonly failed: string | undefined;
};
