/**
 * Spans on their way to a collector, by OTLP over HTTP. Where it is, with which headers and time limit, the exporter takes
 * from OpenTelemetry's variables (`OTEL_EXPORTER_OTLP_*`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`).
 *
 * Invariant: nobody waits for the collector, and what waits for it is bounded. A span that finds the queue full, or whose
 * batch is not taken, is dropped and counted.
 */
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { HrTime } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import type { Clock, TimerId } from '../contracts/clock.ts';
import type { SpanData, TraceContext } from '../contracts/trace.ts';
import type { TraceSettings } from './trace-settings.ts';

export type DropReason = 'queue_full' | 'not_taken';

export type SpanPipe = {
  readonly send: (spans: readonly SpanData[]) => void;
  /** Sends what waits, once, and takes no more. */
  readonly close: () => Promise<void>;
};

export type SpanPipeParts = Pick<TraceSettings, 'queue' | 'batch' | 'everyMs'> & {
  readonly clock: Clock;
  readonly siteId: string;
  readonly version: string;
  readonly onSent: (spans: number) => void;
  readonly onDropped: (spans: number, why: DropReason, message: string) => void;
  readonly exporter?: SpanExporter;
};

const CLOSE_WITHIN_MS = 2000;
const TAKEN = 0;

export function openSpanPipe(parts: SpanPipeParts): SpanPipe {
  const { clock, queue: most, batch, everyMs, onSent, onDropped } = parts;
  const exporter = parts.exporter ?? new OTLPTraceExporter({});
  const resource = resourceOf(parts);
  let waiting: ReadableSpan[] = [];
  let underWay: Promise<void> | undefined;
  let timer: TimerId | undefined;
  let closed = false;

  return {
    send(spans) {
      if (closed) return;
      const room = most - waiting.length;
      for (const span of spans.slice(0, room)) waiting.push(readable(span, resource, parts.version));
      if (spans.length > room) onDropped(spans.length - room, 'queue_full', 'too many spans wait for the collector');
      if (waiting.length >= batch) void flush();
      else timer ??= clock.setTimeout(() => void flush(), everyMs);
    },
    async close() {
      closed = true;
      await Promise.race([
        Promise.resolve(underWay).then(flush),
        new Promise<void>((resolve) => clock.setTimeout(resolve, CLOSE_WITHIN_MS)),
      ]);
      void exporter.shutdown().catch(() => undefined);
    },
  };

  /** One request at a time: a slow collector has one batch in the air, and the queue. */
  function flush(): Promise<void> {
    if (timer !== undefined) clock.clearTimeout(timer);
    timer = undefined;
    underWay ??= sendBatches().finally(() => (underWay = undefined));
    return underWay;
  }

  async function sendBatches(): Promise<void> {
    while (waiting.length > 0) {
      const spans = waiting.slice(0, batch);
      waiting = waiting.slice(batch);
      const { code, error } = await new Promise<Parameters<Parameters<SpanExporter['export']>[1]>[0]>((resolve) =>
        exporter.export(spans, resolve),
      );
      if ((code as number) === TAKEN) onSent(spans.length);
      else onDropped(spans.length, 'not_taken', error?.message ?? 'the collector did not take them');
    }
  }
}

function resourceOf({ siteId, version }: Pick<SpanPipeParts, 'siteId' | 'version'>): Resource {
  const ours = resourceFromAttributes({
    'service.name': 'bessd',
    'service.version': version,
    'service.instance.id': siteId,
    'bessd.site_id': siteId,
  });
  return ours.merge(detectResources({ detectors: [envDetector] }));
}

function readable(span: SpanData, resource: Resource, version: string): ReadableSpan {
  const { name, trace, parentSpanId, kind, startMs, endMs, attributes, events, failed } = span;
  const context = contextOf(trace);
  return {
    name,
    kind: kind === 'server' ? SpanKind.SERVER : SpanKind.INTERNAL,
    spanContext: () => context,
    ...(parentSpanId === undefined ? {} : { parentSpanContext: contextOf({ ...trace, spanId: parentSpanId }) }),
    startTime: time(startMs),
    endTime: time(endMs),
    duration: time(endMs - startMs),
    ended: true,
    status: failed === undefined ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: failed },
    attributes,
    links: [],
    events: events.map((event) => ({ name: event.name, time: time(event.atMs), attributes: event.attributes })),
    resource,
    instrumentationScope: { name: 'bessd', version },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function contextOf({ traceId, spanId, sampled }: TraceContext): ReturnType<ReadableSpan['spanContext']> {
  return { traceId, spanId, traceFlags: sampled ? 1 : 0 };
}

/** Seconds and nanoseconds. */
function time(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.min(999_999_999, Math.round((ms - seconds * 1000) * 1e6))];
}
