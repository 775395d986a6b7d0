/** The tracer on a virtual clock: what it makes of facts, in whatever order and number they come. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { tracerActor } from '../../actors/tracer/tracer.actor.ts';
import type { Report } from '../../contracts/reports.ts';
import type { CommandFact, SpanData } from '../../contracts/trace.ts';
import { followCommands } from '../../io/command-follow.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import type { VirtualClock } from '../../supervisor/clock.ts';
import { startSystem } from '../../supervisor/system.ts';
import { TELEMETRY } from '../io/north-harness.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';

test('an order is sent as one trace once it is read back and recorded', async () => {
  const { clock, tell, report, spans } = bench();
  tell(received('s1', 'o1'), checked('s1'));
  report(permitted('s1'), given('s1', 'bess-1'), written('o1', 'bess-1'), phase('o1', 'bess-1', 'written'));
  tell(answered('s1'));
  await clock.advance(4000);
  assert.equal(spans, [], 'it is not read back yet');
  report(phase('o1', 'bess-1', 'verified'));
  await clock.advance(1000);
  assert.equal(spans, [], 'nor has the record said that it has it');
  report(recorded('o1'));
  await clock.advance(500);
  assert.equal(
    spans.map(({ name }) => name),
    ['dispatch', 'received', 'permitted', 'dispatched', 'written', 'read_back', 'recorded'],
  );
  assert.ok(spans.every(({ trace }) => trace.traceId === TRACE_ID));
  assert.is(new Set(spans.map(({ trace }) => trace.spanId)).size, spans.length);
});

test('facts whose times disagree make a tree all the same, in which no span leaves its parent', async () => {
  const { clock, tell, report, spans } = bench();
  tell(received('s1', 'o1'), checked('s1'), answered('s1'));
  const early = { step: 'permitted', spanId: 's1', fromMs: AT - 50, toMs: AT - 40, code: null } as const;
  const late = { step: 'recorded', orderId: 'o1', fromMs: AT + 10, toMs: AT + 900 } as const;
  report({ type: 'TRACE', step: early }, given('s1', 'bess-1'), written('o1', 'bess-1'));
  report(phase('o1', 'bess-1', 'written'), phase('o1', 'bess-1', 'verified'), { type: 'TRACE', step: late });
  await clock.advance(500);
  const byId = new Map(spans.map((span) => [span.trace.spanId, span]));
  for (const { name, startMs, endMs, parentSpanId } of spans) {
    const parent = byId.get(parentSpanId ?? '');
    assert.ok(startMs <= endMs && (!parent || (parent.startMs <= startMs && endMs <= parent.endMs)), name);
  }
  assert.is(spans[0]?.endMs, AT + 900);
});

test('where the record is away the trace goes without its word, three seconds after the rest', async () => {
  const { clock, tell, report, spans } = bench();
  tell(received('s1', 'o1'), checked('s1'), answered('s1'));
  report(permitted('s1'), given('s1', 'bess-1'), phase('o1', 'bess-1', 'written'), phase('o1', 'bess-1', 'verified'));
  await clock.advance(2999);
  assert.equal(spans, []);
  await clock.advance(1);
  assert.not.ok(spans.some(({ name }) => name === 'recorded'));
  assert.is(spans[0]?.name, 'dispatch');
});

test('a refused command is a short trace that failed with its code', async () => {
  const { clock, tell, report, spans } = bench();
  tell(received('s1', 'o1'), checked('s1'));
  report(permitted('s1', 'LIMIT'));
  tell(answered('s1', 'LIMIT'));
  await clock.advance(500);
  assert.equal(
    spans.map(({ name, failed }) => [name, failed]),
    [
      ['dispatch', 'LIMIT'],
      ['received', undefined],
      ['permitted', 'LIMIT'],
    ],
  );
});

test('facts of a command that nobody heard of, and of the same order asked for again, change nothing', async () => {
  const { clock, tell, report, spans } = bench();
  tell(received('s1', 'o1'), checked('s1'));
  report(permitted('s1'), given('s1', 'bess-1'), phase('o1', 'bess-1', 'written'));
  tell(received('s2', 'o1'), checked('s2'), answered('s2'), answered('nobody'));
  report(given('nobody', 'bess-1'), phase('other', 'bess-1', 'written'));
  await clock.advance(500);
  assert.equal(
    spans.map(({ name, trace }) => [name, trace.spanId.slice(0, 2)]).slice(0, 1),
    [['dispatch', 's2']],
    'the repeated one is over with its answer',
  );
  tell(answered('s1'));
  report(phase('o1', 'bess-1', 'verified'), recorded('o1'));
  await clock.advance(500);
  assert.ok(spans.some(({ name }) => name === 'read_back'));
});

test('a command that never ends is sent after two minutes, and says so when it was never answered', async () => {
  const { clock, tell, spans } = bench();
  tell(received('s1', 'o1'), checked('s1'));
  await clock.advance(119_999);
  assert.equal(spans, []);
  await clock.advance(1);
  assert.is(spans[0]?.attributes['bessd.unfinished'], true);
});

test('of commands without end at most 256 are kept; the oldest is sent first', () => {
  const { tell, spans } = bench();
  for (let n = 0; n < 300; n += 1) tell(received(`s${n}`, `o${n}`));
  const roots = spans.filter(({ name }) => name === 'dispatch');
  assert.is(roots.length, 300 - 256);
  assert.is(roots[0]?.trace.spanId, 's0');
});

test('a flood of writes of one order does not fill the memory', async () => {
  const { clock, tell, report, spans } = bench();
  tell(received('s1', 'o1'), checked('s1'), answered('s1'));
  report(permitted('s1'), given('s1', 'bess-1'));
  for (let n = 0; n < 10_000; n += 1) report(written('o1', 'bess-1'));
  report(phase('o1', 'bess-1', 'failed'));
  await clock.advance(3000);
  assert.is(spans.find(({ name }) => name === 'written')?.events.length, 64);
});

test('of the polls the share is traced that chance and the ratio give', () => {
  const chances = [0.2, 0.05, 0.9];
  const { report, spans } = bench({ pollRatio: 0.1, random: () => chances.shift() ?? 1 });
  for (let n = 0; n < 3; n += 1)
    report(
      { type: 'TELEMETRY', report: TELEMETRY },
      { type: 'CYCLE', asset_id: 'bess-1', duration_s: 0.02, guard_latency_s: 0.001 },
    );
  const readAtMs = Date.parse(TELEMETRY.ts);
  assert.equal(
    spans.map(({ name, startMs, endMs }) => [name, startMs, endMs]),
    [
      ['poll', readAtMs - 19, readAtMs + 1],
      ['read', readAtMs - 19, readAtMs],
      ['guard', readAtMs, readAtMs + 1],
    ],
  );
});

test('a caller who does not want spans gets none, and the id of the trace all the same', () => {
  const told: CommandFact[] = [];
  const follow = followCommands({
    clock: virtualClock(),
    log: () => undefined,
    tracer: { begins: true, tell: (fact) => told.push(fact) },
  });
  const quiet = follow('stop', {}, 'http', `00-${TRACE_ID}-00f067aa0ba902b7-00`);
  quiet.checked();
  assert.is(quiet.answered({ ok: true, data: null }).trace_id, TRACE_ID);
  assert.match(quiet.traceparent ?? '', new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-00$`));
  assert.equal(told, []);
  const own = follow('stop', {}, 'http', undefined);
  assert.match(own.answered({ ok: true, data: null }).trace_id ?? '', /^[\da-f]{32}$/);
  assert.equal(
    told.map(({ type }) => type),
    ['COMMAND_RECEIVED', 'COMMAND_ANSWERED'],
  );
});

type Bench = {
  clock: VirtualClock;
  tell: (...facts: CommandFact[]) => void;
  report: (...reports: Report[]) => void;
  spans: SpanData[];
};

function bench({ pollRatio = 0, random = (): number => 1 } = {}): Bench {
  const clock = virtualClock();
  const spans: SpanData[] = [];
  let ids = 0;
  const input = {
    pollRatio,
    random,
    newId: (bytes: number) => String((ids += 1)).padStart(2 * bytes, '0'),
    sink: (some: readonly SpanData[]) => spans.push(...some),
  };
  const system = startSystem(
    {
      id: 'test',
      strategy: 'one_for_one',
      intensity: 0,
      children: [{ id: 'tracer', start: () => tracerActor, input: () => input }],
    },
    { clock },
  );
  const send = (message: object): void => void system.send('tracer', message as never);
  return {
    clock,
    spans,
    tell: (...facts) => facts.forEach(send),
    report: (...reports) => reports.forEach((report) => send({ type: 'REPORT', report })),
  };
}

const AT = Date.UTC(2026, 0, 1);
const TS = new Date(AT).toISOString();

function received(spanId: string, orderId: string): CommandFact {
  const trace = { traceId: TRACE_ID, spanId, sampled: true };
  return {
    type: 'COMMAND_RECEIVED',
    trace,
    parentSpanId: undefined,
    command: 'dispatch',
    origin: 'nats',
    orderId,
    atMs: AT,
  };
}

function checked(spanId: string): CommandFact {
  return { type: 'COMMAND_CHECKED', spanId, atMs: AT };
}

function answered(spanId: string, code?: string): CommandFact {
  return { type: 'COMMAND_ANSWERED', spanId, atMs: AT, code, stopping: [], zero: [], unconfirmed: [] };
}

function permitted(spanId: string, code: string | null = null): Report {
  return { type: 'TRACE', step: { step: 'permitted', spanId, fromMs: AT, toMs: AT, code } };
}

function given(spanId: string, assetId: string): Report {
  return { type: 'TRACE', step: { step: 'given', spanId, atMs: AT, assetId, w: 1000 } };
}

function recorded(orderId: string): Report {
  return { type: 'TRACE', step: { step: 'recorded', orderId, fromMs: AT, toMs: AT } };
}

function phase(id: string, asset_id: string, name: string): Report {
  return { type: 'EVENT', event: { ts: TS, seq: 1, kind: 'command', id, asset_id, phase: name } };
}

function written(order_id: string, asset_id: string): Report {
  return {
    type: 'AUDIT',
    entry: {
      ts: TS,
      seq: 1,
      asset_id,
      kind: 'power',
      sequence: 'discharge',
      register: 47_100,
      words: [1],
      requested_w: 1000,
      permitted_w: 1000,
      order_id,
      outcome: 'written',
      reason: 'order',
    },
    took_s: 0.002,
  };
}

test.run();
