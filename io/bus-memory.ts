/**
 * The bus inside this process alone: for tests, and for a site without any broker, whose outside doors are then HTTP and
 * the Unix socket. Messages pass through JSON, so that nothing travels here that would not travel over NATS.
 */
import type { Reply } from '../contracts/commands.ts';
import { decodeRequest } from './bus.ts';
import type { Answer, Bus } from './bus.ts';

export type MemoryBus = Bus & {
  /** Undefined when nobody serves the subject. */
  readonly request: (subject: string, body: string) => Promise<Reply | undefined>;
  /** Subjects as in NATS: `*` is one token, `>` the rest. Returns the way to end it. */
  readonly subscribe: (pattern: string, take: (payload: unknown, subject: string) => void) => () => void;
};

export function openMemoryBus(): MemoryBus {
  const served = new Map<string, Answer>();
  const listeners = new Set<{ pattern: string; take: (payload: unknown, subject: string) => void }>();
  const encoder = new TextEncoder();
  let open = true;
  return {
    publish(subject, payload) {
      if (!open) return false;
      for (const { pattern, take } of listeners) {
        if (subjectMatches(pattern, subject)) take(JSON.parse(JSON.stringify(payload)), subject);
      }
      return true;
    },
    serve: (subject, answer) => void served.set(subject, answer),
    state: () => ({ connected: open, url: null, version: null }),
    close: async () => {
      open = false;
      served.clear();
      listeners.clear();
    },
    async request(subject, body) {
      const answer = served.get(subject);
      if (!answer) return undefined;
      const decoded = decodeRequest(encoder.encode(body));
      return decoded.ok ? await answer(decoded.value) : decoded;
    },
    subscribe(pattern, take) {
      const listener = { pattern, take };
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function subjectMatches(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.');
  const given = subject.split('.');
  for (const [at, token] of wanted.entries()) {
    if (token === '>') return given.length > at;
    if (given[at] === undefined || (token !== '*' && token !== given[at])) return false;
  }
  return wanted.length === given.length;
}
