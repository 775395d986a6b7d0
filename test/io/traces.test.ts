/** Spans on their way to a collector: what is switched on by which variable, and that a collector costs nobody anything. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseTraceparent, traceparentOf } from '../../contracts/trace.ts';
import type { SpanData } from '../../contracts/trace.ts';
import { traceSettings } from '../../io/trace-settings.ts';
import { openSpanPipe } from '../../io/traces.ts';
import type { SpanPipe, SpanPipeParts } from '../../io/traces.ts';
import { systemClock, virtualClock } from '../../supervisor/clock.ts';
import { otlpReceiver } from './otlp-receiver.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN_ID = '00f067aa0ba902b7';
const GOOD = `00-${TRACE_ID}-${SPAN_ID}-01`;

const SPAN: SpanData = {
  name: 'poll',
  trace: { traceId: TRACE_ID, spanId: SPAN_ID, sampled: true },
  parentSpanId: undefined,
  kind: 'internal',
  startMs: 1_767_225_600_000.25,
  endMs: 1_767_225_600_001.5,
  attributes: { 'bessd.asset_id': 'bess-1' },
  events: [],
  failed: undefined,
};

const NOT_VALID: readonly unknown[] = [
  undefined,
  '',
  'nonsense',
  GOOD.toUpperCase(),
  `00-${'0'.repeat(32)}-${SPAN_ID}-01`,
  `00-${TRACE_ID}-${'0'.repeat(16)}-01`,
  `ff-${TRACE_ID}-${SPAN_ID}-01`,
  `${GOOD}-more`,
  ` ${GOOD}`,
  [GOOD],
];

test('a traceparent is taken as the standard has it, and anything else is as none', () => {
  const trace = parseTraceparent(GOOD);
  assert.equal(trace, { traceId: TRACE_ID, spanId: SPAN_ID, sampled: true });
  assert.is(trace && traceparentOf(trace), GOOD);
  assert.is(parseTraceparent(`00-${TRACE_ID}-${SPAN_ID}-00`)?.sampled, false);
  assert.is(parseTraceparent(`01-${TRACE_ID}-${SPAN_ID}-03-of-later-versions`)?.sampled, true);
  for (const text of NOT_VALID) assert.is(parseTraceparent(text), undefined, String(text));
});

const NONE: readonly Readonly<Record<string, string>>[] = [
  {},
  { OTEL_EXPORTER_OTLP_ENDPOINT: '' },
  { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_SDK_DISABLED: 'true' },
  { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c', OTEL_TRACES_EXPORTER: 'none' },
];
for (const env of NONE)
  test(`there are no traces with ${JSON.stringify(env)}`, () => {
    assert.is(traceSettings({ traces: { pollRatio: 1 } }, env), undefined);
  });

const SAMPLERS: readonly (readonly [env: Readonly<Record<string, string>>, pollRatio: number, commands: boolean])[] = [
  [{}, 0.25, true],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.5' }, 0.5, true],
  [{ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '7' }, 1, true],
  [{ OTEL_TRACES_SAMPLER: 'traceidratio' }, 1, true],
  [{ OTEL_TRACES_SAMPLER: 'always_on' }, 1, true],
  [{ OTEL_TRACES_SAMPLER: 'parentbased_always_off' }, 0, false],
  [{ OTEL_TRACES_SAMPLER: 'unknown' }, 0.25, true],
];
for (const [env, pollRatio, commands] of SAMPLERS)
  test(`${pollRatio} of the polls and ${commands ? 'all' : 'no'} commands begin a trace with ${JSON.stringify(env)}`, () => {
    const settings = traceSettings(
      { traces: { pollRatio: 0.25 } },
      { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c', ...env },
    );
    assert.equal([settings?.pollRatio, settings?.commands], [pollRatio, commands]);
  });

test('a collector that hangs has one batch in the air and a bounded queue; the rest is dropped and counted', async () => {
  let asked = 0;
  const clock = virtualClock();
  const { pipe, dropped, sent } = pipeTo({
    clock,
    exporter: { export: () => void (asked += 1), shutdown: async () => {} },
  });
  for (let n = 0; n < 1000; n += 1) pipe.send([SPAN, SPAN]);
  await clock.advance(600_000);
  assert.is(asked, 1);
  assert.equal(dropped, { queue_full: 2000 - 10 - 50, not_taken: 0 });
  assert.is(sent(), 0);
  const closing = pipe.close();
  await clock.advance(2000);
  await closing;
});

test('a collector takes what waits after the delay, with times to the nanosecond, and the rest at the end', async () => {
  await using collector = await otlpReceiver();
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.url;
  const { pipe, dropped, sent } = pipeTo({ clock: systemClock, everyMs: 20 });
  pipe.send([SPAN]);
  while (collector.spans.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(
    [collector.spans[0]?.start, collector.spans[0]?.end],
    [1_767_225_600_000_250_000n, 1_767_225_600_001_500_000n],
  );
  pipe.send([{ ...SPAN, failed: 'LIMIT' }]);
  await pipe.close();
  assert.is(collector.spans[1]?.status, 2);
  assert.is(sent(), 2);
  assert.equal(dropped, { queue_full: 0, not_taken: 0 });
  pipe.send([SPAN]);
  assert.is(sent(), 2, 'nothing after the end');
});

test('what a collector does not take is dropped and counted, and the next batch is tried anew', async () => {
  await using collector = await otlpReceiver({ status: 400 });
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.url;
  const { pipe, dropped } = pipeTo({ clock: systemClock, everyMs: 20, batch: 2 });
  pipe.send([SPAN, SPAN, SPAN]);
  while (dropped.not_taken < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.is(collector.requests.length, 2);
  await pipe.close();
});

function pipeTo(parts: Pick<SpanPipeParts, 'clock'> & Partial<SpanPipeParts>): {
  pipe: SpanPipe;
  dropped: { queue_full: number; not_taken: number };
  sent: () => number;
} {
  const dropped = { queue_full: 0, not_taken: 0 };
  let sent = 0;
  const pipe = openSpanPipe({
    siteId: 'SITE-1',
    version: '1',
    queue: 50,
    batch: 10,
    everyMs: 1000,
    onSent: (spans) => (sent += spans),
    onDropped: (spans, why) => (dropped[why] += spans),
    ...parts,
  });
  return { pipe, dropped, sent: () => sent };
}

test.run();
