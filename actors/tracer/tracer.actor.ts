/**
 * Tracer actor: makes traces of commands and of some polls from what is reported anyway.
 *
 * Owns     the commands whose traces are not over, at most `OPEN_KEPT` of them.
 * Accepts  REPORT, and the facts of the faces about commands.
 * Emits    spans to its sink, which never waits. A trace is sent when its command is read back and recorded, or after
 *          `LATEST_MS` with what is known by then.
 * Ends     on shutdown, with what it has; a crash loses the open traces and nothing else.
 */
import type { TimerId } from '../../contracts/clock.ts';
import type { Report } from '../../contracts/reports.ts';
import type { CommandFact, SpanData, TraceStep } from '../../contracts/trace.ts';
import { fromProcess } from '../../supervisor/process.ts';
import type { ReportMessage } from '../bus.actor.ts';
import { awaitsRecord, isComplete, isOfStop, noteGiven, notePhase, noteWrite } from './command.ts';
import type { TracedCommand } from './command.ts';
import { spansOfCommand, spansOfPoll } from './spans.ts';

export type TracerInput = {
  readonly sink: (spans: readonly SpanData[]) => void;
  /** Share of the polls that are traced, 0 to 1. */
  readonly pollRatio: number;
  /** Hex digits by chance. */
  readonly newId: (bytes: number) => string;
  readonly random: () => number;
};

type Open = TracedCommand & { timer?: TimerId };

const OPEN_KEPT = 256;
/** The word of the record, and of reports that are still on their way. */
const RECORD_WITHIN_MS = 3000;
const REPORTS_WITHIN_MS = 500;
const LATEST_MS = 120_000;

export const tracerActor = fromProcess<ReportMessage | CommandFact, TracerInput>(
  async ({ input, signal, clock, onMessage }) => {
    const { sink, pollRatio, newId, random } = input;
    const open = new Map<string, Open>();
    const byOrder = new Map<string, Open>();
    const readAtMs = new Map<string, number>();
    const newSpanId = (): string => newId(8);

    onMessage((message) => {
      switch (message.type) {
        case 'COMMAND_RECEIVED':
          begin({ received: message, shares: [] });
          break;
        case 'COMMAND_CHECKED':
          about(message.spanId, (command) => (command.checkedAtMs = message.atMs));
          break;
        case 'COMMAND_ANSWERED':
          about(message.spanId, (command) => (command.answered = message));
          break;
        case 'REPORT':
          hear(message.report);
          break;
      }
    });
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    for (const command of open.values()) send(command);

    function begin(command: Open): void {
      open.set(command.received.trace.spanId, command);
      command.timer = clock.setTimeout(() => send(command), LATEST_MS);
      const [oldest] = open.values();
      if (open.size > OPEN_KEPT && oldest) send(oldest);
    }

    function hear(report: Report): void {
      switch (report.type) {
        case 'TRACE':
          hearStep(report.step);
          break;
        case 'AUDIT': {
          const { entry, took_s: tookS = 0 } = report;
          const ordered = entry.order_id === null ? undefined : byOrder.get(entry.order_id);
          for (const command of open.values())
            if (command === ordered || (!ordered && isOfStop(command, entry)))
              change(command, () => noteWrite(command, entry, tookS));
          break;
        }
        case 'EVENT': {
          const { event } = report;
          const command = event.kind === 'command' ? byOrder.get(String(event['id'])) : undefined;
          if (command) change(command, () => notePhase(command, event));
          break;
        }
        case 'TELEMETRY':
          if (pollRatio > 0) readAtMs.set(report.report.asset_id, Date.parse(report.report.ts));
          break;
        case 'CYCLE':
          if (pollRatio > 0 && random() < pollRatio) tracePoll(report);
          break;
        case 'ALARM':
        case 'HEARTBEAT':
        case 'UPLINK':
          break;
      }
    }

    function hearStep(step: TraceStep): void {
      switch (step.step) {
        case 'permitted':
          about(step.spanId, (command) => {
            command.permitted = step;
            const { orderId } = command.received;
            if (orderId !== undefined && step.code === null) byOrder.set(orderId, command);
          });
          break;
        case 'given':
          about(step.spanId, (command) => noteGiven(command, step));
          break;
        case 'recorded': {
          const command = byOrder.get(step.orderId);
          if (command) change(command, () => (command.recorded ??= step));
          break;
        }
      }
    }

    function about(spanId: string, note: (command: Open) => void): void {
      const command = open.get(spanId);
      if (command) change(command, () => note(command));
    }

    /** Takes the fact in, and sees whether the trace is over with it. */
    function change(command: Open, note: () => void): void {
      note();
      if (!isComplete(command)) return;
      if (command.timer !== undefined) clock.clearTimeout(command.timer);
      const waitMs = awaitsRecord(command) ? RECORD_WITHIN_MS : REPORTS_WITHIN_MS;
      command.timer = clock.setTimeout(() => (isComplete(command) ? send(command) : later(command)), waitMs);
    }

    /** A share that came after all, as when another asset takes over. */
    function later(command: Open): void {
      const leftMs = command.received.atMs + LATEST_MS - clock.wall();
      command.timer = clock.setTimeout(() => send(command), Math.max(0, leftMs));
    }

    function send(command: Open): void {
      const { trace, orderId } = command.received;
      if (command.timer !== undefined) clock.clearTimeout(command.timer);
      open.delete(trace.spanId);
      if (orderId !== undefined && byOrder.get(orderId) === command) byOrder.delete(orderId);
      sink(spansOfCommand(command, newSpanId));
    }

    function tracePoll({ asset_id: assetId, duration_s, guard_latency_s }: Extract<Report, { type: 'CYCLE' }>): void {
      const atMs = readAtMs.get(assetId);
      if (atMs === undefined) return;
      const guardMs = guard_latency_s === null ? null : guard_latency_s * 1000;
      const trace = { traceId: newId(16), spanId: newSpanId(), sampled: true };
      sink(spansOfPoll({ assetId, readAtMs: atMs, durationMs: duration_s * 1000, guardMs }, trace, newSpanId));
    }
  },
);
