/**
 * Site view actor: takes every report into what the north shows (health, alarms, metrics).
 *
 * Owns     nothing; the view and the metrics outlive it, so a crash loses one report.
 * Accepts  REPORT.
 * Emits    nothing.
 * Ends     only when told to.
 */
import type { Report } from '../contracts/reports.ts';
import { fromProcess } from '../supervisor/process.ts';
import type { ReportMessage } from './bus.actor.ts';

export type SiteViewInput = { readonly takers: readonly ((report: Report) => void)[] };

export const siteViewActor = fromProcess<ReportMessage, SiteViewInput>(async ({ input, signal, onMessage }) => {
  onMessage(({ report }) => {
    for (const take of input.takers) take(report);
  });
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
});
