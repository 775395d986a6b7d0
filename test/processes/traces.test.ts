// deadline: 240 s
/** Traces of a real site: simulator, runtime and broker as processes, and a collector that takes OTLP over HTTP. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listFiles, openForReading } from '../../io/record-file.ts';
import { otlpReceiver } from '../io/otlp-receiver.ts';
import type { ReceivedSpan } from '../io/otlp-receiver.ts';
import { realSite } from './real-site.ts';

const QUICK = { OTEL_BSP_SCHEDULE_DELAY: '100' };
const CALLER = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' };
const TRACEPARENT = `00-${CALLER.traceId}-${CALLER.spanId}-01`;

test('a dispatch over HTTP is one trace, from the request to the power read back and the record, below the trace of its caller', async () => {
  await using collector = await otlpReceiver();
  await using site = await realSite({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a',
      ...QUICK,
      LOG_LEVEL: 'info',
    },
    site: { traces: { pollRatio: 0 } },
  });
  await site.startRuntime();
  const order = { id: 'traced', site_id: site.siteId, w: 20_000, duration_s: 60, issuer: 'test' };
  const { body: reply } = await site.post('/api/v1/dispatch', order, { traceparent: TRACEPARENT });
  assert.is(reply.ok, true, JSON.stringify(reply));
  assert.is(reply.trace_id, CALLER.traceId);

  await site.until('the trace of the order', 15_000, () => collector.spans.some(({ name }) => name === 'dispatch'));
  const spans = collector.spans.filter(({ traceId }) => traceId === CALLER.traceId);
  assert.equal(
    [...new Set(pathsOf(spans))],
    [
      'dispatch',
      'dispatch > dispatched',
      'dispatch > dispatched > read_back',
      'dispatch > dispatched > written',
      'dispatch > permitted',
      'dispatch > received',
      'dispatch > recorded',
    ],
  );
  for (const { spanId } of spans.filter(({ name }) => name === 'dispatched')) {
    const below = spans.filter(({ parentSpanId }) => parentSpanId === spanId).map(({ name }) => name);
    assert.ok(below.includes('written') && below.includes('read_back'), below.join(', '));
  }
  const root = spans.find(({ name }) => name === 'dispatch');
  assert.is(root?.parentSpanId, CALLER.spanId);
  assert.equal(root?.attributes, { 'bessd.origin': 'http', 'bessd.order_id': 'traced' });
  assert.is(root?.resource['service.name'], 'bessd');
  assert.is(root?.resource['bessd.site_id'], site.siteId);
  assert.ok(spans.every(({ status }) => status !== 2));
  assert.ok(everyChildLiesWithinItsParent(spans));
  const at = (name: string): ReceivedSpan => spans.find((span) => span.name === name) as ReceivedSpan;
  assert.ok(at('received').end <= at('permitted').start, 'it is permitted after it was received');
  assert.ok(at('permitted').end <= at('dispatched').start, 'and given to an asset after that');
  assert.ok(at('written').end <= at('read_back').start, 'and read back after it was written');
  assert.equal(
    spans
      .filter(({ name }) => name === 'dispatched')
      .map(({ attributes }) => String(attributes['bessd.asset_id']))
      .toSorted((a, b) => a.localeCompare(b)),
    ['bess-1', 'bess-2'],
  );
  assert.is(at('read_back').attributes['bessd.outcome'], 'verified');
  assert.ok(at('written').events.every(({ name }) => name === 'register') && at('written').events.length > 0);
  assert.is(collector.requests[0]?.path, '/v1/traces');
  assert.is(collector.requests[0]?.headers['x-tenant'], 'a');

  const line = site
    .log()
    .split('\n')
    .find((one) => one.includes('"command_answered"'));
  assert.is(JSON.parse(line ?? '{}').trace_id, CALLER.traceId);
  const metrics = String(await site.get('/metrics'));
  assert.match(metrics, /bess_trace_spans_total\{[^}]*sent[^}]*\} [1-9]/);
  assert.match(metrics, /bess_trace_spans_total\{[^}]*queue_full[^}]*\} 0/);

  const { body: stopped } = await site.post('/api/v1/stop', { issuer: 'test' });
  assert.match(stopped.trace_id, /^[\da-f]{32}$/);
  await site.until('the trace of the stop', 15_000, () => collector.spans.some(({ name }) => name === 'stop'));
  const ofStop = collector.spans.filter(({ traceId }) => traceId === stopped.trace_id);
  assert.is(ofStop.filter(({ name }) => name === 'written').length, 2, pathsOf(ofStop).join(', '));
});

test('by the command line over the broker, the trace of TRACEPARENT goes on; of the polls a share is traced, with read and guard; a collector that goes away costs spans and nothing else', async () => {
  using loads = loadWatch();
  await using collector = await otlpReceiver();
  await using site = await realSite({
    assets: 1,
    env: {
      ...loads.env,
      OTEL_EXPORTER_OTLP_TIMEOUT: '500',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/anywhere`,
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '1',
      TRACEPARENT,
      ...QUICK,
    },
  });
  await site.startRuntime();
  const estop = await site.json('estop', '--reason', 'test');
  assert.is(estop.ok, true, JSON.stringify(estop));
  assert.is(estop.trace_id, CALLER.traceId);
  await site.until('the trace of the stop', 15_000, () => collector.spans.some(({ name }) => name === 'estop'));
  const spans = collector.spans.filter(({ traceId }) => traceId === CALLER.traceId);
  assert.is(spans.find(({ name }) => name === 'estop')?.attributes['bessd.origin'], 'nats');
  assert.ok(pathsOf(spans).includes('estop > dispatched > written'), pathsOf(spans).join(', '));
  assert.ok(pathsOf(spans).includes('estop > dispatched > read_back'), pathsOf(spans).join(', '));
  assert.ok(everyChildLiesWithinItsParent(spans));

  const stop = await site.json('stop');
  assert.is(stop.trace_id, CALLER.traceId, 'over the Unix socket too');

  await site.until('three polls', 10_000, () => collector.spans.filter(({ name }) => name === 'poll').length >= 3);
  const poll = collector.spans.find(({ name }) => name === 'poll') as ReceivedSpan;
  const ofPoll = collector.spans.filter(({ traceId }) => traceId === poll.traceId);
  assert.equal(pathsOf(ofPoll), ['poll', 'poll > guard', 'poll > read']);
  assert.ok(everyChildLiesWithinItsParent(ofPoll));
  assert.is(poll.attributes['bessd.asset_id'], 'bess-1');
  assert.is(collector.requests[0]?.path, '/anywhere');
  assert.ok(loads.loaded().includes('@opentelemetry/exporter-trace-otlp-http'));

  await collector[Symbol.asyncDispose]();
  await site.until('spans that nobody took are counted', 20_000, async () =>
    /bess_trace_spans_total\{[^}]*not_taken[^}]*\} [1-9]/.test(String(await site.get('/metrics'))),
  );
  assert.is((await site.get('/api/v1/status')).data.assets[0].connection, 'online');
});

test('without an endpoint nothing of OpenTelemetry is loaded but what the metrics need, and the trace of a caller is in the reply and the record all the same', async () => {
  using loads = loadWatch();
  await using site = await realSite({ assets: 1, env: { OTEL_EXPORTER_OTLP_ENDPOINT: '', ...loads.env } });
  await site.startRuntime();
  const order = { id: 'x', asset_id: 'bess-1', w: 1000, duration_s: 20, issuer: 'test' };
  const { body: reply } = await site.post('/api/v1/dispatch', order, { traceparent: TRACEPARENT });
  assert.is(reply.ok, true, JSON.stringify(reply));
  assert.is(reply.trace_id, CALLER.traceId);
  await site.until('the trace in the events and the audit log', 10_000, () =>
    (['events', 'audit'] as const).every((kind) => bodiesOf(site.folder, kind).includes(CALLER.traceId)),
  );
  const { body: again } = await site.post('/api/v1/dispatch', { ...order, id: 'y' });
  assert.equal([again.ok, 'trace_id' in again], [true, false]);
  assert.not.match(String(await site.get('/metrics')), /bess_trace_spans_total\{/);
  assert.equal(loads.loaded(), []);
});

/** Environment by which a site notes what it loads of OpenTelemetry, beside its API. */
function loadWatch(): Disposable & {
  readonly env: Readonly<Record<string, string>>;
  readonly loaded: () => readonly string[];
} {
  const folder = mkdtempSync(path.join(tmpdir(), 'bessd-loads-'));
  const seen = path.join(folder, 'loaded.txt');
  const hook = path.join(folder, 'hook.mjs');
  writeFileSync(seen, '');
  writeFileSync(
    hook,
    `import { registerHooks } from 'node:module';
    import { appendFileSync } from 'node:fs';
    registerHooks({ resolve(name, context, next) {
      if (/^@opentelemetry\\/(?!api$)/.test(name)) appendFileSync(${JSON.stringify(seen)}, name + '\\n');
      return next(name, context);
    } });`,
  );
  return {
    env: { NODE_OPTIONS: `--import=${pathToFileURL(hook).href}` },
    loaded: () => readFileSync(seen, 'utf8').split('\n').filter(Boolean),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Everything of a class of the record, as text. */
function bodiesOf(folder: string, kind: 'events' | 'audit'): string {
  return listFiles(path.join(folder, 'data'), kind)
    .flatMap((file) => {
      using db = openForReading(file);
      return db.prepare(`SELECT body FROM ${kind}`).all();
    })
    .map(({ body }) => String(body))
    .join('\n');
}

/** Each span by its names from the root on, sorted. */
function pathsOf(spans: readonly ReceivedSpan[]): readonly string[] {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const pathOf = (span: ReceivedSpan): string => {
    const parent = byId.get(span.parentSpanId ?? '');
    return parent ? `${pathOf(parent)} > ${span.name}` : span.name;
  };
  return spans.map(pathOf).toSorted();
}

function everyChildLiesWithinItsParent(spans: readonly ReceivedSpan[]): boolean {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  return spans.every((span) => {
    const parent = byId.get(span.parentSpanId ?? '');
    return span.start <= span.end && (!parent || (parent.start <= span.start && span.end <= parent.end));
  });
}

test.run();
