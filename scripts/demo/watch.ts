/**
 * Watches the running site from outside: its status twice a second over the Unix socket, the fate of orders over NATS.
 *
 * Neither is needed for the site to run, and the loss of either shows as what it is.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SiteStatus } from '../../contracts/status.ts';
import { eventSubject } from '../../contracts/subjects.ts';
import { dial } from '../../io/bus-nats.ts';
import { askSocket } from '../../io/socket-client.ts';
import type { Whereabouts } from '../../io/socket-client.ts';
import { changesBetween, orderLine } from './changes.ts';

export type Sight = { readonly where: Whereabouts | undefined; readonly status: SiteStatus | undefined };

export type WatchOptions = {
  readonly siteId: string;
  readonly socketPath: string;
  /** Of the runtime; a site of somebody else is not shown as ours. */
  readonly pid: () => number | undefined;
  readonly tell: (line: string) => void;
  readonly onSight: (sight: Sight) => void;
  readonly signal: AbortSignal;
};

const EVERY_MS = 500;
const ANSWER_WITHIN_MS = 1500;
type Connection = Awaited<ReturnType<typeof dial>>;

export async function watchSite({ siteId, socketPath, pid, tell, onSight, signal }: WatchOptions): Promise<void> {
  let before: SiteStatus | undefined;
  let shown: string | undefined;
  let bus: { readonly url: string; readonly connection: Promise<Connection | undefined> } | undefined;

  while (!signal.aborted) {
    const where = await ask<Whereabouts>('where');
    const status = where?.pid === pid() ? await ask<SiteStatus>('status') : undefined;
    if (status) {
      const doors = `HTTP at ${where?.http ?? 'no port yet'}`;
      if (where?.http && shown !== doors) tell(doors);
      shown = where?.http ? doors : shown;
      for (const line of changesBetween(before, status)) tell(line);
      await follow(where?.nats_url ?? undefined);
    }
    before = status;
    onSight({ where: status && where, status });
    await sleep(EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  await (await bus?.connection)?.close();

  async function ask<T>(name: string): Promise<T | undefined> {
    // A runtime that starts, stops or is dead does not answer; the next look is soon.
    const reply = await askSocket(socketPath, name, {}, ANSWER_WITHIN_MS).catch(() => undefined);
    return reply?.ok ? (reply.data as T) : undefined;
  }

  /** Follows the broker to where it is now. */
  async function follow(url: string | undefined): Promise<void> {
    if (url === undefined || bus?.url === url) return;
    await (await bus?.connection)?.close();
    const connection = dial(process.env['NATS_URL'] || url, 'bessd demo').catch(() => undefined);
    bus = { url, connection };
    if (await connection) void listen(await connection);
    else bus = undefined;
  }

  async function listen(connection: Connection | undefined): Promise<void> {
    for await (const message of connection?.subscribe(eventSubject(siteId, 'command')) ?? []) {
      const line = orderLine(message.json<Record<string, unknown>>());
      if (line !== undefined) tell(line);
    }
  }
}
