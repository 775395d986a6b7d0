/**
 * The bus port: what bessd says to and hears from the outside, whatever carries it (NATS, or this process alone).
 *
 * A bus that is down is a state: `publish` says false and the caller counts it; nothing is kept for later, because the
 * record keeps everything and an old telemetry message is worth nothing.
 */
import { refusal } from '../contracts/faults.ts';
import type { Reply } from '../contracts/commands.ts';
import type { Refusal } from '../contracts/faults.ts';

export type BusState = { readonly connected: boolean; readonly url: string | null; readonly version: string | null };

/** Answers one request whose JSON was readable, with the trace that its header names. Must not throw: a refusal is an answer. */
export type Answer = (body: unknown, traceparent?: string) => Promise<Reply>;

export type Bus = {
  /** One JSON message; false when it could not be sent now and was dropped. */
  readonly publish: (subject: string, payload: unknown) => boolean;
  /** Answers requests on this subject, from now on and after every reconnect. */
  readonly serve: (subject: string, answer: Answer) => void;
  readonly state: () => BusState;
  readonly close: () => Promise<void>;
};

/** Largest request that is read at all; the longest valid one has about 1 KiB. */
export const MAX_REQUEST_BYTES = 65_536;

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The JSON of a request; an empty one stands for `{}`. */
export function decodeRequest(bytes: Uint8Array): { readonly ok: true; readonly value: unknown } | Refusal {
  if (bytes.length > MAX_REQUEST_BYTES) {
    return refusal('BAD_REQUEST', `the request has ${bytes.length} bytes, expected at most ${MAX_REQUEST_BYTES}`);
  }
  if (bytes.length === 0) return { ok: true, value: {} };
  try {
    return { ok: true, value: JSON.parse(decoder.decode(bytes)) };
  } catch (error) {
    return refusal(
      'BAD_REQUEST',
      `the request is not JSON in UTF-8: ${error instanceof Error ? error.message : 'unreadable'}`,
    );
  }
}
