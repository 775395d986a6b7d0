/**
 * Broker actor: sees to it that there is a place where the bus is.
 *
 * Owns     the nats-server process, where bessd runs it.
 * Accepts  nothing.
 * Emits    the place, on the board.
 * Ends     with a fault when the server ends by itself; its supervisor starts the next one.
 */
import type { RunningBroker } from '../io/broker.ts';
import { Fault } from '../contracts/faults.ts';
import { fromProcess } from '../supervisor/process.ts';
import type { BusPlace } from './bus-place.ts';

/** What was decided: somebody else's broker, one of ours to start, or none. */
export type BrokerChoice =
  | { readonly kind: 'external'; readonly url: string }
  | { readonly kind: 'child'; readonly start: (signal: AbortSignal) => Promise<RunningBroker> }
  | { readonly kind: 'in_process' };

export type BrokerInput = {
  readonly choose: () => Promise<BrokerChoice>;
  readonly announce: (place: BusPlace) => void;
};

export const brokerActor = fromProcess<never, BrokerInput>(async ({ input, signal }) => {
  const choice = await input.choose();
  if (choice.kind !== 'child') {
    input.announce({ kind: choice.kind, url: choice.kind === 'external' ? choice.url : null });
    return await aborted(signal);
  }
  const broker = await choice.start(signal);
  try {
    input.announce({ kind: 'child', url: broker.url });
    const how = await Promise.race([broker.ended, aborted(signal)]);
    if (!signal.aborted) throw new Fault('CHILD_EXITED', `nats-server ${how ?? 'ended'}`);
  } finally {
    await broker.stop();
  }
});

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
