/**
 * The bus over NATS.
 *
 *   connecting ──▶ connected ◀──▶ reconnecting        closed by us: the end
 *        ▲             └─ the client gave up (authorisation) ─┐
 *        └────────────────── after `retryMs` ─────────────────┘
 *
 * What is served is also the NATS service `bessd`, so that standard tools list and measure it. Invariant: nothing is
 * queued towards a broker that is not there.
 */
import { Svcm } from '@nats-io/services';
import type { Service } from '@nats-io/services';
import { connect, wsconnect } from '@nats-io/transport-node';
import type { Msg, NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import type { Clock, TimerId } from '../contracts/clock.ts';
import type { Log } from '../contracts/log-events.ts';
import { decodeRequest } from './bus.ts';
import type { Answer, Bus, BusState } from './bus.ts';
import { inPortions } from './portions.ts';

export type NatsBusOptions = {
  readonly url: string;
  /** Shown by the broker's own tools, such as `bessd SITE-1 estop`. */
  readonly name: string;
  /** Semantic version of the service. */
  readonly version: string;
  /** Queue group; `''` means that every running instance gets every request. */
  readonly queue: string;
  readonly clock: Clock;
  readonly onState?: (state: BusState) => void;
  readonly log: Log;
  readonly retryMs?: number;
};

export function openNatsBus(options: NatsBusOptions): Bus {
  return new NatsBus(options);
}

class NatsBus implements Bus {
  readonly #options: NatsBusOptions;
  readonly #served = new Map<string, Answer>();
  readonly #portions = inPortions();
  #connection: NatsConnection | undefined;
  #service: Service | undefined;
  #connected = false;
  #closed = false;
  /** One line in the log for one outage. */
  #complained = false;
  #retry: TimerId | undefined;

  constructor(options: NatsBusOptions) {
    this.#options = options;
    void this.#connect();
  }

  readonly publish = (subject: string, payload: unknown): boolean => {
    if (!this.#connected || !this.#connection) return false;
    const text = JSON.stringify(payload);
    try {
      this.#connection.publish(subject, text);
      return true;
    } catch (error) {
      this.#options.log('publish_failed', { subject, why: messageOf(error) });
      return false;
    }
  };

  readonly serve = (subject: string, answer: Answer): void => {
    this.#served.set(subject, answer);
    if (this.#service) this.#addEndpoint(this.#service, subject, answer);
  };

  readonly state = (): BusState => ({
    connected: this.#connected,
    url: withoutCredentials(this.#options.url),
    version: this.#connection?.info?.version ?? null,
  });

  readonly close = async (): Promise<void> => {
    this.#closed = true;
    if (this.#retry !== undefined) this.#options.clock.clearTimeout(this.#retry);
    this.#connected = false;
    await this.#connection?.close();
  };

  async #connect(): Promise<void> {
    this.#retry = undefined;
    try {
      const connection = await dial(this.#options.url, this.#options.name);
      if (this.#closed) return await connection.close();
      this.#connection = connection;
      void this.#watch(connection);
      void connection.closed().then((error) => this.#lost(connection, error));
      this.#service = await this.#openService(connection);
      this.#complained = false;
      this.#becomes(true);
    } catch (error) {
      if (!this.#closed && !this.#complained) {
        this.#complain('bus_unreachable', error);
      }
      this.#complained = true;
      const halfOpen = this.#connection;
      this.#connection = undefined;
      await halfOpen?.close();
      this.#becomes(false);
      this.#retryLater();
    }
  }

  async #openService(connection: NatsConnection): Promise<Service> {
    const { version, queue } = this.#options;
    const service = await new Svcm(connection).add({
      name: 'bessd',
      version,
      queue,
      description: 'battery storage site',
    });
    for (const [subject, answer] of this.#served) this.#addEndpoint(service, subject, answer);
    return service;
  }

  #addEndpoint(service: Service, subject: string, answer: Answer): void {
    const { queue } = this.#options;
    const name = subject.split('.').slice(2).join('-');
    service.addEndpoint(name, {
      subject,
      handler: (error, message) => {
        if (error) return;
        const carryOut = (): void => void this.#reply(message, answer);
        // Without a queue group it is the connection for the emergency stop, which waits for nothing.
        if (queue === '') carryOut();
        else this.#portions(message.data.length, carryOut);
      },
    });
  }

  async #reply(message: Msg, answer: Answer): Promise<void> {
    const request = decodeRequest(message.data);
    const result = request.ok ? await answer(request.value, message.headers?.get('traceparent')) : request;
    // Without a reply subject the sender does not want to know; the command has been carried out all the same.
    if (!message.reply || !this.#connected) return;
    message.respond(JSON.stringify(result));
  }

  async #watch(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') this.#becomes(false);
      if (status.type === 'reconnect') this.#becomes(true);
      if (status.type === 'error') this.#options.log('broker_error', { why: status.error.message });
    }
  }

  /** The client gave the connection up, which it does after repeated authorisation errors. */
  #lost(connection: NatsConnection, error: unknown): void {
    if (this.#closed || this.#connection !== connection) return;
    this.#connection = undefined;
    this.#service = undefined;
    this.#complain('bus_given_up', error);
    this.#becomes(false);
    this.#retryLater();
  }

  #complain(event: 'bus_unreachable' | 'bus_given_up', error: unknown): void {
    this.#options.log(event, { url: withoutCredentials(this.#options.url), why: messageOf(error) });
  }

  #retryLater(): void {
    if (this.#closed || this.#retry !== undefined) return;
    this.#retry = this.#options.clock.setTimeout(() => void this.#connect(), this.#options.retryMs ?? 1000);
  }

  #becomes(connected: boolean): void {
    if (this.#closed) return;
    this.#connected = connected;
    this.#options.onState?.(this.state());
  }
}

/** Connects once; afterwards the client reconnects for ever by itself. */
export function dial(url: string, name: string, more: NodeConnectionOptions = {}): Promise<NatsConnection> {
  const address = new URL(url);
  const { username, password, protocol } = address;
  const options: NodeConnectionOptions = {
    servers: withoutCredentials(url),
    name,
    timeout: 3000,
    reconnect: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 500,
    pingInterval: 10_000,
    maxPingOut: 2,
    ...(protocol === 'tls:' ? { tls: {} } : {}),
    ...(username && password ? { user: decodeURIComponent(username), pass: decodeURIComponent(password) } : {}),
    ...(username && !password ? { token: decodeURIComponent(username) } : {}),
    ...more,
  };
  return protocol.startsWith('ws') ? wsconnect(options as never) : connect(options);
}

/** An address that may be shown and logged. */
export function withoutCredentials(url: string): string {
  const address = new URL(url);
  address.username = '';
  address.password = '';
  return address.href.replace(/\/$/, '');
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
