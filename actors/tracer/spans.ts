/**
 * Spans of what is known of a command, and of a poll. Names are few and fixed; what differs is in the attributes.
 *
 *   dispatch ─┬─ received
 *             ├─ permitted
 *             ├─ dispatched ─┬─ written      one per asset; one `written` per sequence
 *             │              └─ read_back
 *             └─ recorded
 *
 * Invariant: no span begins before its parent, nor ends after it, although their times come from several threads.
 */
import type { Attributes, SpanData, TraceContext } from '../../contracts/trace.ts';
import type { Share, TracedCommand, Write } from './command.ts';

/** A span before it has an id. */
type Node = Pick<SpanData, 'name' | 'startMs' | 'endMs'> & {
  readonly attributes?: Readonly<Record<string, Attributes[string] | undefined>>;
  readonly events?: SpanData['events'];
  readonly failed?: string | undefined;
  readonly children?: readonly Node[];
};

export function spansOfCommand(command: TracedCommand, newSpanId: () => string): readonly SpanData[] {
  const { received, checkedAtMs, permitted, answered, recorded, shares } = command;
  const { atMs, origin, orderId } = received;
  const children: Node[] = [];
  const checked = checkedAtMs ?? answered?.atMs ?? atMs;
  children.push({ name: 'received', startMs: atMs, endMs: checked });
  if (permitted)
    children.push({
      name: 'permitted',
      startMs: permitted.fromMs,
      endMs: permitted.toMs,
      failed: permitted.code ?? undefined,
    });
  for (const share of shares) children.push(spanOfShare(share, command));
  if (recorded) children.push({ name: 'recorded', startMs: recorded.fromMs, endMs: recorded.toMs });
  const root: Node = {
    name: received.command,
    startMs: atMs,
    endMs: answered?.atMs ?? atMs,
    attributes: { 'bessd.origin': origin, 'bessd.order_id': orderId, 'bessd.unfinished': answered ? undefined : true },
    events: answered
      ? [{ name: 'answered', atMs: answered.atMs, attributes: present({ 'bessd.code': answered.code ?? 'OK' }) }]
      : [],
    failed: answered?.code,
    children,
  };
  return spansOf(root, received.trace, received.parentSpanId, 'server', newSpanId);
}

export type Poll = {
  readonly assetId: string;
  /** When the last answer came, wall clock. */
  readonly readAtMs: number;
  readonly durationMs: number;
  readonly guardMs: number | null;
};

export function spansOfPoll(
  { assetId, readAtMs, durationMs, guardMs }: Poll,
  trace: TraceContext,
  newSpanId: () => string,
): readonly SpanData[] {
  const endMs = readAtMs + (guardMs ?? 0);
  const startMs = endMs - durationMs;
  const children: Node[] = [{ name: 'read', startMs, endMs: readAtMs }];
  if (guardMs !== null) children.push({ name: 'guard', startMs: readAtMs, endMs });
  const root: Node = { name: 'poll', startMs, endMs, attributes: { 'bessd.asset_id': assetId }, children };
  return spansOf(root, trace, undefined, 'internal', newSpanId);
}

function spanOfShare(share: Share, { answered, received }: TracedCommand): Node {
  const { assetId, givenAtMs, w, writes, writtenAtMs, over } = share;
  const lastAtMs = Math.max(givenAtMs, writtenAtMs ?? 0, over?.atMs ?? 0, ...writes.map(({ toMs }) => toMs));
  const children: Node[] = sequencesOf(writes).map(spanOfSequence);
  if (writtenAtMs !== undefined)
    children.push({
      name: 'read_back',
      startMs: writtenAtMs,
      endMs: over?.atMs ?? lastAtMs,
      attributes: { 'bessd.outcome': over?.outcome, 'bessd.measured_w': over?.measuredW },
      failed: failureOf(over?.outcome),
    });
  if (received.command === 'estop' && answered) {
    const outcome = answered.zero.includes(assetId) ? 'zero' : 'unconfirmed';
    const failed = outcome === 'zero' ? undefined : outcome;
    children.push({
      name: 'read_back',
      startMs: lastAtMs,
      endMs: answered.atMs,
      attributes: { 'bessd.outcome': outcome },
      failed,
    });
  }
  return {
    name: 'dispatched',
    startMs: givenAtMs,
    endMs: lastAtMs,
    attributes: { 'bessd.asset_id': assetId, 'bessd.w': w },
    failed: failureOf(over?.outcome),
    children,
  };
}

/** Writes that follow each other within one sequence of the profile. */
function sequencesOf(writes: readonly Write[]): readonly (readonly [Write, ...Write[]])[] {
  const sequences: [Write, ...Write[]][] = [];
  for (const write of writes) {
    const last = sequences.at(-1);
    if (last && last[0].sequence === write.sequence) last.push(write);
    else sequences.push([write]);
  }
  return sequences;
}

function spanOfSequence(writes: readonly [Write, ...Write[]]): Node {
  const bad = writes.find(({ outcome }) => outcome !== 'written');
  return {
    name: 'written',
    startMs: Math.min(...writes.map(({ fromMs }) => fromMs)),
    endMs: Math.max(...writes.map(({ toMs }) => toMs)),
    attributes: { 'bessd.sequence': writes[0].sequence, 'bessd.registers': writes.length },
    events: writes.map(({ register, outcome, reason, toMs }) => ({
      name: 'register',
      atMs: toMs,
      attributes: { 'bessd.register': register, 'bessd.outcome': outcome, 'bessd.reason': reason },
    })),
    failed: bad?.reason,
  };
}

function failureOf(outcome: string | undefined): string | undefined {
  return outcome === 'refused' || outcome === 'failed' || outcome === 'not_following' ? outcome : undefined;
}

/** The tree flat, parents first; a parent is stretched over its children. */
function spansOf(
  node: Node,
  trace: TraceContext,
  parentSpanId: string | undefined,
  kind: SpanData['kind'],
  newSpanId: () => string,
): readonly SpanData[] {
  const below = (node.children ?? []).flatMap((child) =>
    spansOf(
      { ...child, startMs: Math.max(child.startMs, node.startMs), endMs: Math.max(child.endMs, node.startMs) },
      { ...trace, spanId: newSpanId() },
      trace.spanId,
      'internal',
      newSpanId,
    ),
  );
  const { name, startMs, attributes = {}, events = [], failed } = node;
  const endMs = Math.max(startMs, node.endMs, ...below.map((span) => span.endMs));
  return [
    { name, trace, parentSpanId, kind, startMs, endMs, attributes: present(attributes), events, failed },
    ...below,
  ];
}

function present(attributes: NonNullable<Node['attributes']>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)) as Attributes;
}
