/**
 * What of a stream is acknowledged, and what goes next: live data first, the backlog fills the rest.
 *
 * Invariant: a number once acknowledged stays so; `ahead` is in order, apart from `upTo` and from each other.
 */
import type { Cursor, Stretch, StreamCursor, StreamHead } from '../../contracts/uplink.ts';

export type Next = { readonly streamId: string; readonly stretch: Stretch };

const NOTHING: StreamCursor = { upTo: 0, ahead: [] };

export function cursorOf(cursor: Cursor, streamId: string): StreamCursor {
  return cursor.streams[streamId] ?? NOTHING;
}

/** The cursor after a stretch was acknowledged. */
export function acknowledged(cursor: Cursor, streamId: string, stretch: Stretch): Cursor {
  const { upTo, ahead } = cursorOf(cursor, streamId);
  const merged: Stretch[] = [];
  for (const one of [{ from: 1, to: upTo }, ...ahead, stretch].toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && one.from <= last.to + 1) merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, one.to) };
    else merged.push(one);
  }
  const first = merged[0];
  const next = first?.from === 1 ? { upTo: first.to, ahead: merged.slice(1) } : { upTo, ahead: merged };
  return { ...cursor, streams: { ...cursor.streams, [streamId]: { upTo: next.upTo, ahead: [...next.ahead] } } };
}

/** Forgets streams of which nothing is left in the record, and what the record gave up before it was sent. */
export function trimmed(cursor: Cursor, heads: readonly StreamHead[]): Cursor {
  let next: Cursor = { ...cursor, streams: {} };
  for (const { streamId, from } of heads) {
    next = { ...next, streams: { ...next.streams, [streamId]: cursorOf(cursor, streamId) } };
    if (from > 1) next = acknowledged(next, streamId, { from: 1, to: from - 1 });
  }
  return next;
}

/** How many reports of the record are not acknowledged. */
export function depth(cursor: Cursor, heads: readonly StreamHead[]): number {
  return heads.reduce((sum, head) => sum + gapsOf(cursor, head).reduce((all, gap) => all + lengthOf(gap), 0), 0);
}

/** Newest first within `live`, which is what was recorded after `since`. */
export function nextLive(
  cursor: Cursor,
  heads: readonly StreamHead[],
  since: Readonly<Record<string, number>>,
  most: number,
): Next | undefined {
  for (const head of heads.toReversed()) {
    const [gap] = gapsOf(cursor, { ...head, from: Math.max(head.from, (since[head.streamId] ?? 0) + 1) });
    if (gap) return { streamId: head.streamId, stretch: shortened(gap, most) };
  }
  return undefined;
}

/** Audit before events before telemetry, each from its oldest. */
export function nextBacklog(cursor: Cursor, heads: readonly StreamHead[], most: number): Next | undefined {
  for (const kind of ['audit', 'events', 'telemetry'] as const) {
    for (const head of heads.filter((one) => one.kind === kind)) {
      const [gap] = gapsOf(cursor, head);
      if (gap) return { streamId: head.streamId, stretch: shortened(gap, most) };
    }
  }
  return undefined;
}

function gapsOf(cursor: Cursor, { streamId, from, to }: StreamHead): readonly Stretch[] {
  const { upTo, ahead } = cursorOf(cursor, streamId);
  const gaps: Stretch[] = [];
  let next = Math.max(from, upTo + 1);
  for (const done of ahead) {
    if (done.from > next) gaps.push({ from: next, to: Math.min(to, done.from - 1) });
    next = Math.max(next, done.to + 1);
  }
  gaps.push({ from: next, to });
  return gaps.filter((gap) => gap.from <= gap.to);
}

function shortened({ from, to }: Stretch, most: number): Stretch {
  return { from, to: Math.min(to, from + most - 1) };
}

function lengthOf({ from, to }: Stretch): number {
  return to - from + 1;
}
