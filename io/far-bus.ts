/**
 * A bus whose connection lives in a thread of its own, as the thread that answers sees it. A flood of requests is read,
 * counted and bounded over there (far-bus-end.ts), so that the doors of the emergency stop, which are here, never wait
 * behind more of it than was passed on and is not answered yet.
 *
 *   here ──OPEN, SERVE, PUBLISH, ANSWER, CLOSE──▶ thread ──READY, STATE, REQUEST, DROPPED, CLOSED──▶ here
 *
 * Invariant: a thread that is not there is a broker that is down; one that begins anew is told again all that is served.
 */
import type { Reply } from '../contracts/commands.ts';
import { withoutCredentials } from './bus-nats.ts';
import type { Answer, Bus, BusState } from './bus.ts';

/** Where the connection goes and what it is called there; `queue` as for the NATS bus. */
export type BusTarget = {
  readonly url: string;
  readonly name: string;
  readonly version: string;
  readonly queue: string;
};

/** `bus` counts the buses that were opened, so that nothing of a former one is taken for the present one's. */
export type ToBusThread =
  | { readonly type: 'OPEN'; readonly bus: number; readonly target: BusTarget }
  | { readonly type: 'SERVE'; readonly subject: string }
  | { readonly type: 'PUBLISH'; readonly subject: string; readonly payload: unknown }
  | { readonly type: 'ANSWER'; readonly id: number; readonly reply: Reply }
  | { readonly type: 'CLOSE' };

export type FromBusThread =
  | { readonly type: 'READY' }
  | { readonly type: 'ALIVE' }
  | { readonly type: 'STATE'; readonly bus: number; readonly state: BusState }
  | {
      readonly type: 'REQUEST';
      readonly id: number;
      readonly subject: string;
      readonly body: unknown;
      readonly traceparent: string | undefined;
    }
  | { readonly type: 'DROPPED' }
  | { readonly type: 'CLOSED'; readonly bus: number };

export type FarBusOptions = BusTarget & {
  readonly onState: (state: BusState) => void;
  /** A message that was taken here could not be sent over there. */
  readonly onDropped: () => void;
};

export type FarBus = {
  /** One at a time: the next one takes the place of the former. */
  readonly open: (options: FarBusOptions) => Bus;
  readonly hear: (message: FromBusThread) => void;
  /** The thread is gone; READY says that there is another one. */
  readonly ended: () => void;
};

type Opened = {
  readonly bus: number;
  readonly options: FarBusOptions;
  readonly served: Map<string, Answer>;
  readonly closed: PromiseWithResolvers<void>;
  state: BusState;
};

export function createFarBus(post: (message: ToBusThread) => void): FarBus {
  let ready = false;
  let opened: Opened | undefined;
  let count = 0;

  return {
    open(options) {
      const own: Opened = {
        bus: (count += 1),
        options,
        served: new Map(),
        closed: Promise.withResolvers(),
        state: { connected: false, url: withoutCredentials(options.url), version: null },
      };
      opened?.closed.resolve();
      opened = own;
      if (ready) tellAll(own);
      return {
        publish(subject, payload) {
          if (opened !== own || !own.state.connected) return false;
          post({ type: 'PUBLISH', subject, payload });
          return true;
        },
        serve(subject, answer) {
          own.served.set(subject, answer);
          if (ready && opened === own) post({ type: 'SERVE', subject });
        },
        state: () => own.state,
        close: () => close(own),
      };
    },
    hear(message) {
      switch (message.type) {
        case 'READY':
          ready = true;
          if (opened) tellAll(opened);
          return;
        case 'STATE':
          if (opened?.bus === message.bus) becomes(opened, message.state);
          return;
        case 'REQUEST':
          void answer(message);
          return;
        case 'DROPPED':
          opened?.options.onDropped();
          return;
        case 'CLOSED':
          if (opened?.bus === message.bus) forget(opened);
          return;
        case 'ALIVE':
          return;
      }
    },
    ended() {
      ready = false;
      if (opened?.state.connected) becomes(opened, { ...opened.state, connected: false });
      opened?.closed.resolve();
    },
  };

  function tellAll({ bus, options, served }: Opened): void {
    const { url, name, version, queue } = options;
    post({ type: 'OPEN', bus, target: { url, name, version, queue } });
    for (const subject of served.keys()) post({ type: 'SERVE', subject });
  }

  async function answer({
    id,
    subject,
    body,
    traceparent,
  }: Extract<FromBusThread, { type: 'REQUEST' }>): Promise<void> {
    const reply = await opened?.served.get(subject)?.(body, traceparent);
    // What is no longer served was asked of a bus that is closed since.
    if (reply) post({ type: 'ANSWER', id, reply });
  }

  function becomes(own: Opened, state: BusState): void {
    own.state = state;
    own.options.onState(state);
  }

  async function close(own: Opened): Promise<void> {
    if (opened !== own) return;
    own.state = { ...own.state, connected: false };
    if (!ready) return forget(own);
    post({ type: 'CLOSE' });
    await own.closed.promise;
  }

  function forget(own: Opened): void {
    own.closed.resolve();
    opened = undefined;
  }
}
