/**
 * Whether there are traces, and of what: by OpenTelemetry's own variables, which override the site file.
 *
 * Without an endpoint there are none, and the library is never loaded.
 */
import type { SiteConfig } from '../contracts/site-config.ts';

export type TraceSettings = {
  /** Share of the polls that are traced, 0 to 1. */
  readonly pollRatio: number;
  /** Whether a command that comes without a trace of its own begins one. */
  readonly commands: boolean;
  /** Spans that wait, and that are sent at once; how often they are sent, ms. */
  readonly queue: number;
  readonly batch: number;
  readonly everyMs: number;
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Undefined: no traces. */
export function traceSettings(
  { traces }: Pick<SiteConfig, 'traces'>,
  env: Environment = process.env,
): TraceSettings | undefined {
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (!endpoint || env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none')
    return undefined;
  const queue = numberOf(env['OTEL_BSP_MAX_QUEUE_SIZE'], 1, 100_000) ?? 2048;
  return {
    ...sampling(traces.pollRatio, env),
    queue,
    batch: Math.min(queue, numberOf(env['OTEL_BSP_MAX_EXPORT_BATCH_SIZE'], 1, 100_000) ?? 512),
    everyMs: numberOf(env['OTEL_BSP_SCHEDULE_DELAY'], 10, 600_000) ?? 5000,
  };
}

/** Commands are rare and always traced, polls are many: the ratio is for them. */
function sampling(pollRatio: number, env: Environment): Pick<TraceSettings, 'pollRatio' | 'commands'> {
  switch ((env['OTEL_TRACES_SAMPLER'] ?? '').replace('parentbased_', '')) {
    case 'always_on':
      return { pollRatio: 1, commands: true };
    case 'always_off':
      return { pollRatio: 0, commands: false };
    case 'traceidratio':
      return { pollRatio: numberOf(env['OTEL_TRACES_SAMPLER_ARG'], 0, 1) ?? 1, commands: true };
    default:
      return { pollRatio, commands: true };
  }
}

function numberOf(text: string | undefined, min: number, max: number): number | undefined {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  return value >= min && value <= max ? value : undefined;
}
