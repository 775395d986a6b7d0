/**
 * What the faces of the north may read, put together from the view, the metrics, control's answers and the record.
 */
import type { Clock } from '../contracts/clock.ts';
import type { Reply } from '../contracts/commands.ts';
import { Fault, refusal } from '../contracts/faults.ts';
import type { NorthStart } from '../contracts/links.ts';
import type { Report } from '../contracts/reports.ts';
import type { SiteStatus } from '../contracts/status.ts';
import { clockFiles, clockSynchronised } from '../io/clock-sync.ts';
import type { Desk } from '../io/command-desk.ts';
import type { Reads } from '../io/http-reads.ts';
import { openRecordReader } from '../io/record-reader.ts';
import type { Metrics } from '../io/metrics.ts';
import type { SiteView } from '../io/site-view.ts';
import type { Whereabouts } from '../io/socket-client.ts';

type ReadsParts = {
  readonly start: NorthStart;
  readonly view: SiteView;
  readonly metrics: Metrics;
  readonly desk: Desk;
  readonly broker: () => SiteStatus['broker'];
  readonly clock: Clock;
};

/** How long an answer about the emergency stop is taken for the present one. */
const SAFETY_FRESH_MS = 1000;
const SAFETY_WAIT_MS = 700;

export function createReads({
  start,
  view,
  metrics,
  desk,
  broker,
  clock,
}: ReadsParts): Reads & { readonly note: (report: Report) => void } {
  const { config } = start;
  const record = openRecordReader(start.dataDir);
  const clocks = clockFiles(start.socketPath);
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let asking: Promise<unknown> | undefined;

  const status = async (timeoutMs?: number): Promise<Reply<SiteStatus>> => {
    const reply = await desk.status('http', timeoutMs);
    if (reply.ok) {
      view.noteSafety(reply.data.estop.state);
      metrics.noteStatus(reply.data);
      askedAtMs = clock.now();
    }
    return reply;
  };
  /** Asks control about the emergency stop, at most once at a time and not more often than it can matter. */
  const refreshSafety = async (): Promise<void> => {
    if (view.silent() || clock.now() - askedAtMs < SAFETY_FRESH_MS) return;
    asking ??= status(SAFETY_WAIT_MS).finally(() => (asking = undefined));
    await asking;
  };
  return {
    siteId: config.site.id,
    assetIds: config.assets.map(({ id }) => id),
    wallMs: clock.wall,
    note(report) {
      if (report.type === 'EVENT' && report.event.kind === 'estop') askedAtMs = Number.NEGATIVE_INFINITY;
    },
    async health() {
      await refreshSafety();
      return view.health(broker());
    },
    async metrics() {
      await refreshSafety();
      const synchronised = await clockSynchronised(clocks, clock.wall());
      const text = await metrics.scrape({ broker: broker(), clockSynchronised: synchronised });
      return { contentType: metrics.contentType, text };
    },
    status: () => status(),
    alarms: () => ({ active: view.activeAlarms(), recent: view.recentAlarms(), aside: view.alarmsAside() }),
    async telemetry(query) {
      try {
        return { ok: true, data: record.telemetry(query) };
      } catch (error) {
        if (error instanceof Fault) return refusal(error.code, error.message);
        throw error;
      }
    },
  };
}

type SocketParts = {
  readonly start: NorthStart;
  readonly desk: Desk;
  readonly whereabouts: () => Pick<Whereabouts, 'http' | 'nats_url'>;
};

/** The requests of the Unix socket: the commands, and `where` by which the CLI finds the other doors. */
export function createSocketHandler({
  start,
  desk,
  whereabouts,
}: SocketParts): (name: string, body: unknown, traceparent?: string) => Promise<Reply> {
  return async (name, body, traceparent) => {
    if (name !== 'where') return await desk.handle(name, body, 'socket', traceparent);
    const data: Whereabouts = {
      site: start.config.site.id,
      version: start.version,
      pid: process.pid,
      ...whereabouts(),
    };
    return { ok: true, data };
  };
}
