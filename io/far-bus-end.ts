/**
 * The far end of a bus: the thread that has the connection (far-bus.ts has the other side).
 *
 * Invariant: every request is answered; at most `AT_ONCE` of them wait for the other side, and what comes while they do is
 * refused here. So a flood costs the other side no more than that, however long it is.
 */
import type { Reply } from '../contracts/commands.ts';
import { refusal } from '../contracts/faults.ts';
import type { Bus, BusState } from './bus.ts';
import type { BusTarget, FromBusThread, ToBusThread } from './far-bus.ts';

/** As many as control takes at once. */
export const AT_ONCE = 64;

export type FarEnd = {
  readonly hear: (message: ToBusThread) => Promise<void>;
  readonly close: () => Promise<void>;
};

export function createFarEnd(
  openBus: (target: BusTarget, onState: (state: BusState) => void) => Bus,
  post: (message: FromBusThread) => void,
): FarEnd {
  const waiting = new Map<number, (reply: Reply) => void>();
  let present: { readonly bus: number; readonly connection: Bus } | undefined;
  let lastId = 0;

  return {
    close,
    async hear(message) {
      switch (message.type) {
        case 'OPEN': {
          const { bus, target } = message;
          const before = close();
          present = { bus, connection: openBus(target, (state) => post({ type: 'STATE', bus, state })) };
          return await before;
        }
        case 'SERVE':
          present?.connection.serve(message.subject, (body, traceparent) => ask(message.subject, body, traceparent));
          return;
        case 'PUBLISH':
          if (!present?.connection.publish(message.subject, message.payload)) post({ type: 'DROPPED' });
          return;
        case 'ANSWER':
          settle(message.id, message.reply);
          return;
        case 'CLOSE': {
          const bus = present?.bus ?? 0;
          await close();
          return post({ type: 'CLOSED', bus });
        }
      }
    },
  };

  function ask(subject: string, body: unknown, traceparent: string | undefined): Promise<Reply> {
    if (waiting.size >= AT_ONCE) return Promise.resolve(refusal('RATE_LIMITED'));
    const { promise, resolve } = Promise.withResolvers<Reply>();
    waiting.set((lastId += 1), resolve);
    post({ type: 'REQUEST', id: lastId, subject, body, traceparent });
    return promise;
  }

  function settle(id: number, reply: Reply): void {
    const resolve = waiting.get(id);
    waiting.delete(id);
    resolve?.(reply);
  }

  async function close(): Promise<void> {
    for (const id of waiting.keys()) settle(id, refusal('NOT_READY'));
    const before = present;
    present = undefined;
    await before?.connection.close();
  }
}
