/**
 * Reports on their way out of the control loop: handed on in their order once the loop has done what it was doing. To copy
 * one to a thread takes as long as to judge a frame, and a stop that is due waits for nobody who is only told. `then` follows
 * when all are handed on.
 */
import type { Report } from '../contracts/reports.ts';

export function createReportsLater(
  handOn: (report: Report) => void,
  then: () => void = () => undefined,
): (report: Report) => void {
  let waiting: Report[] = [];
  return (report) => {
    if (waiting.length === 0) setImmediate(handOnAll);
    waiting.push(report);
  };

  function handOnAll(): void {
    const reports = waiting;
    waiting = [];
    for (const report of reports) handOn(report);
    then();
  }
}
