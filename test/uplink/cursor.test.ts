/** What goes next to an uplink: live before backlog, every number until it is acknowledged, none twice without need. */
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Cursor, StreamHead } from '../../contracts/uplink.ts';
import { acknowledged, depth, nextBacklog, nextLive, trimmed } from '../../machines/uplink/cursor.ts';

const BEGIN: Cursor = { version: 1, streams: {} };
const HEADS: readonly StreamHead[] = [{ streamId: 's', kind: 'telemetry', from: 1, to: 100 }];

test('after an outage live data goes first, and the backlog from its oldest', () => {
  const since = { s: 90 };
  const live = nextLive(BEGIN, HEADS, since, 500);
  assert.equal(live, { streamId: 's', stretch: { from: 91, to: 100 } });
  const cursor = acknowledged(BEGIN, 's', { from: 91, to: 100 });
  assert.is(nextLive(cursor, HEADS, since, 500), undefined);
  assert.equal(nextBacklog(cursor, HEADS, 50), { streamId: 's', stretch: { from: 1, to: 50 } });
  assert.is(depth(cursor, HEADS), 90);
});

test('a backlog ends where the live data begins', () => {
  let cursor = acknowledged(BEGIN, 's', { from: 91, to: 100 });
  cursor = acknowledged(cursor, 's', { from: 1, to: 80 });
  assert.equal(nextBacklog(cursor, HEADS, 500), { streamId: 's', stretch: { from: 81, to: 90 } });
  assert.equal(acknowledged(cursor, 's', { from: 81, to: 90 }).streams['s'], { upTo: 100, ahead: [] });
});

test('audit goes before events, events before telemetry', () => {
  const heads: readonly StreamHead[] = (['telemetry', 'events', 'audit'] as const).map((kind) => ({
    streamId: kind,
    kind,
    from: 1,
    to: 1,
  }));
  const order: (string | undefined)[] = [];
  let cursor = BEGIN;
  for (let next = nextBacklog(cursor, heads, 9); next; next = nextBacklog(cursor, heads, 9)) {
    order.push(next.streamId);
    cursor = acknowledged(cursor, next.streamId, next.stretch);
  }
  assert.equal(order, ['audit', 'events', 'telemetry']);
});

test('what the record gave up is not waited for, and streams that are gone are forgotten', () => {
  const cursor = acknowledged(acknowledged(BEGIN, 'gone', { from: 1, to: 5 }), 's', { from: 1, to: 10 });
  const now = trimmed(cursor, [{ streamId: 's', kind: 'telemetry', from: 51, to: 100 }]);
  assert.equal(now.streams, { s: { upTo: 50, ahead: [] } });
});

test('whatever order stretches are acknowledged in, exactly what is missing is asked for', () => {
  const stretch = fc
    .tuple(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 0, max: 20 }))
    .map(([from, more]) => ({ from, to: Math.min(100, from + more) }));
  fc.assert(
    fc.property(fc.array(stretch, { maxLength: 40 }), fc.integer({ min: 1, max: 30 }), (stretches, most) => {
      const done = new Set<number>();
      let cursor = BEGIN;
      for (const one of stretches) {
        cursor = acknowledged(cursor, 's', one);
        for (let n = one.from; n <= one.to; n += 1) done.add(n);
      }
      assert.is(depth(cursor, HEADS), 100 - done.size);
      for (let next = nextBacklog(cursor, HEADS, most); next; next = nextBacklog(cursor, HEADS, most)) {
        for (let n = next.stretch.from; n <= next.stretch.to; n += 1) {
          assert.not.ok(done.has(n), `${n} was acknowledged before`);
          done.add(n);
        }
        cursor = acknowledged(cursor, 's', next.stretch);
      }
      assert.is(done.size, 100);
      assert.equal(cursor.streams['s'], { upTo: 100, ahead: [] });
    }),
  );
});

test.run();
