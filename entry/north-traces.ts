/**
 * Traces of the north: whether there are any, and the part that makes them. Without an endpoint nothing of OpenTelemetry
 * is loaded.
 */
import { tracerActor } from '../actors/tracer/tracer.actor.ts';
import type { TracerInput } from '../actors/tracer/tracer.actor.ts';
import type { Clock } from '../contracts/clock.ts';
import type { NorthStart } from '../contracts/links.ts';
import type { Log } from '../contracts/log-events.ts';
import type { SpanData } from '../contracts/trace.ts';
import { hex } from '../io/command-follow.ts';
import type { Metrics } from '../io/metrics.ts';
import { redacted } from '../io/log.ts';
import { traceSettings } from '../io/trace-settings.ts';
import type { SpanPipe } from '../io/traces.ts';
import type { ChildSpec } from '../supervisor/spec.ts';

export type NorthTraces = {
  /** Whether commands begin traces here. */
  readonly begins: boolean;
  readonly child: ChildSpec;
  readonly close: () => Promise<void>;
};

type Parts = {
  readonly start: NorthStart;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly log: Log;
};

/** One line in the log for one outage of the collector. */
const COMPLAIN_EVERY_MS = 300_000;

export async function openTraces({ start, clock, metrics, log }: Parts): Promise<NorthTraces | undefined> {
  const settings = traceSettings(start.config);
  if (!settings) return undefined;
  let complainedAtMs = Number.NEGATIVE_INFINITY;
  let pipe: SpanPipe;
  try {
    const { openSpanPipe } = await import('../io/traces.ts');
    pipe = openSpanPipe({
      ...settings,
      clock,
      siteId: start.config.site.id,
      version: start.version,
      onSent: (spans) => metrics.countSpans('sent', spans),
      onDropped(spans, why, message) {
        metrics.countSpans(why, spans);
        if (clock.now() - complainedAtMs < COMPLAIN_EVERY_MS) return;
        complainedAtMs = clock.now();
        log('spans_dropped', { spans, why, message });
      },
    });
  } catch (error) {
    // A mistake in a variable must not cost the north.
    log('traces_off', { why: redacted(String(error)) });
    return undefined;
  }
  metrics.countSpans('sent', 0);
  metrics.countSpans('queue_full', 0);
  metrics.countSpans('not_taken', 0);
  const input: TracerInput = {
    sink: (spans: readonly SpanData[]) => pipe.send(spans),
    pollRatio: settings.pollRatio,
    newId: hex,
    random: Math.random,
  };
  return {
    begins: settings.commands,
    child: { id: 'tracer', start: () => tracerActor, input: () => input },
    close: () => pipe.close(),
  };
}
