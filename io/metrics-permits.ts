/**
 * What can be seen of permits from their reports: how old the last one is, and when one expired although the device
 * answered. A device that is silent is another matter, and shows as its connection.
 */
import type { Report, SiteEvent, TelemetryReport } from '../contracts/reports.ts';

export type PermitWatch = {
  /** The asset whose permit has just lapsed, once for each lapse. */
  readonly note: (report: Report, nowMs: number) => string | undefined;
  readonly ageS: (nowMs: number) => readonly (readonly [assetId: string, ageS: number])[];
};

export function watchPermits(assetIds: readonly string[]): PermitWatch {
  const givenAtMs = new Map<string, number>();
  const live = new Set<string>();

  const lapse = (assetId: string | undefined): string | undefined =>
    assetId !== undefined && live.delete(assetId) ? assetId : undefined;
  const noteTelemetry = ({ asset_id, permit }: TelemetryReport): string | undefined => {
    if (permit.reasons.includes('STALE')) return lapse(asset_id);
    if (!permit.reasons.includes('NO_TELEMETRY')) live.add(asset_id);
    return undefined;
  };
  /** The order is ended before the next poll can show it. */
  const noteEvent = ({ kind, asset_id, reason }: SiteEvent & { readonly reason?: unknown }): string | undefined =>
    kind === 'command' && reason === 'PERMIT_LAPSED' ? lapse(asset_id) : undefined;

  return {
    note(report, nowMs) {
      if (report.type === 'TELEMETRY' && assetIds.includes(report.report.asset_id)) return noteTelemetry(report.report);
      if (report.type === 'EVENT') return noteEvent(report.event);
      if (report.type === 'CYCLE' && assetIds.includes(report.asset_id)) {
        const { asset_id, guard_latency_s } = report;
        if (guard_latency_s !== null || !givenAtMs.has(asset_id)) givenAtMs.set(asset_id, nowMs);
      }
      return undefined;
    },
    ageS: (nowMs) => [...givenAtMs].map(([assetId, atMs]) => [assetId, (nowMs - atMs) / 1000] as const),
  };
}
