/**
 * One port to the control thread: pairs replies with requests, bounds what is in flight, and gives up in time.
 *
 * There are two of them, so that an emergency stop never stands behind anything else. Beyond the bound a command is
 * refused; an emergency stop is never refused, it shares the answer of the one that is on its way.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Clock, TimerId } from '../contracts/clock.ts';
import type { Origin, Reply, SiteCommand } from '../contracts/commands.ts';
import { refusal } from '../contracts/faults.ts';
import type { CommandMessage, ReplyMessage } from '../contracts/links.ts';

export type ControlLink = {
  /** True when the next request would be refused. */
  readonly full: () => boolean;
  /** `trace`: the traceparent that goes with it. */
  readonly request: (origin: Origin, command: SiteCommand, timeoutMs?: number, trace?: string) => Promise<Reply>;
  readonly close: () => void;
};

export type ControlLinkOptions = {
  readonly clock: Clock;
  readonly whenFull: 'refuse' | 'share';
  readonly limit?: number;
  readonly timeoutMs?: number;
};

type Pending = { readonly timer: TimerId; readonly settle: (reply: Reply) => void; readonly promise: Promise<Reply> };

export function openControlLink(port: MessagePort, options: ControlLinkOptions): ControlLink {
  const { clock, whenFull, limit = 64, timeoutMs: defaultTimeoutMs = 4000 } = options;
  const pending = new Map<number, Pending>();
  let lastId = 0;

  port.on('message', (message: ReplyMessage) => {
    if (message.type === 'REPLY') pending.get(message.id)?.settle(message.reply);
  });

  return {
    full: () => whenFull === 'refuse' && pending.size >= limit,
    request(origin, command, timeoutMs = defaultTimeoutMs, trace) {
      if (pending.size >= limit) {
        const latest = [...pending.values()].at(-1);
        return whenFull === 'share' && latest ? latest.promise : Promise.resolve(tooMany(limit));
      }
      const id = ++lastId;
      const { promise, resolve } = Promise.withResolvers<Reply>();
      const settle = (reply: Reply): void => {
        if (!pending.delete(id)) return;
        clock.clearTimeout(timer);
        resolve(reply);
      };
      const timer = clock.setTimeout(() => settle(refusal('CONTROL_SILENT')), timeoutMs);
      pending.set(id, { timer, settle, promise });
      port.postMessage({ type: 'COMMAND', id, origin, command, trace } satisfies CommandMessage);
      return promise;
    },
    close() {
      for (const { settle } of pending.values()) settle(refusal('NOT_READY', 'the runtime is stopping'));
      port.close();
    },
  };
}

function tooMany(limit: number): Reply {
  return refusal('RATE_LIMITED', `${limit} commands wait for their answer; try again when one of them is done`);
}
