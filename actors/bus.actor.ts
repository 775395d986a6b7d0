/**
 * Bus actor: one connection to the bus, with what is served on it and, for the main one, what is published.
 *
 * Owns     the connection; opens the next one when the broker moves.
 * Accepts  REPORT, published at once or counted as dropped: nothing waits for a broker.
 * Emits    nothing.
 * Ends     only when told to. A broker that is down is a state of the connection.
 */
import type { Answer, Bus } from '../io/bus.ts';
import type { Report } from '../contracts/reports.ts';
import { alarmSubject, eventSubject, telemetrySubject } from '../contracts/subjects.ts';
import { fromProcess } from '../supervisor/process.ts';
import type { BusPlace, BusPlaceBoard } from './bus-place.ts';

export type Endpoint = { readonly subject: string; readonly answer: Answer };
export type ReportMessage = { readonly type: 'REPORT'; readonly report: Report };

export type BusInput = {
  readonly siteId: string;
  readonly board: BusPlaceBoard;
  readonly open: (place: BusPlace) => Bus;
  readonly endpoints: readonly Endpoint[];
  readonly onDropped?: () => void;
};

export const busActor = fromProcess<ReportMessage, BusInput>(async ({ input, signal, onMessage }) => {
  const { siteId, board, open, endpoints, onDropped } = input;
  let bus: Bus | undefined;

  onMessage(({ report }) => {
    const message = messageOf(siteId, report);
    if (message && !bus?.publish(message.subject, message.payload)) onDropped?.();
  });

  for (let place = await board.next(undefined, signal); place; place = await board.next(place, signal)) {
    await bus?.close();
    bus = open(place);
    for (const { subject, answer } of endpoints) bus.serve(subject, answer);
  }
  await bus?.close();
});

function messageOf(
  siteId: string,
  report: Report,
): { readonly subject: string; readonly payload: unknown } | undefined {
  switch (report.type) {
    case 'TELEMETRY':
      return { subject: telemetrySubject(siteId, report.report.asset_id), payload: report.report };
    case 'EVENT':
      return { subject: eventSubject(siteId, report.event.kind), payload: report.event };
    case 'ALARM':
      return { subject: alarmSubject(siteId), payload: report.alarm };
    case 'AUDIT':
    case 'CYCLE':
    case 'HEARTBEAT':
    case 'TRACE':
    case 'UPLINK':
      return undefined;
  }
}
