/**
 * The way from the command line to a running site: NATS where `--nats` is given, else the site's Unix socket.
 */
import { headers } from '@nats-io/transport-node';
import type { MsgHdrs } from '@nats-io/transport-node';
import type { Reply } from '../../contracts/commands.ts';
import type { CommandName } from '../../contracts/commands.ts';
import { Fault } from '../../contracts/faults.ts';
import { commandSubject, statusSubject } from '../../contracts/subjects.ts';
import { dial, withoutCredentials } from '../../io/bus-nats.ts';
import { askSocket } from '../../io/socket-client.ts';
import type { Whereabouts } from '../../io/socket-client.ts';
import { findSockets } from '../../io/socket-path.ts';
import { UsageError } from './usage.ts';

export type LinkOptions = { readonly nats?: string; readonly site?: string };

export type SiteLink = AsyncDisposable & {
  readonly siteId: string;
  /** For people: which way was taken. */
  readonly via: string;
  readonly request: (name: string, body: object) => Promise<Reply>;
};

export type FoundSite = Whereabouts & { readonly socketPath: string };

/** Longer than control's own limit, so that its answer wins over ours. */
const REPLY_MS = 5000;
const CONNECT_MS = 2000;

export async function openLink({ nats, site }: LinkOptions): Promise<SiteLink> {
  if (nats === undefined) return socketLink(await theRunningSite(site));
  if (site === undefined)
    throw new UsageError('--site: got nothing, expected the id of the site, since --nats is given');
  return await natsLink(nats, site);
}

export async function natsLink(url: string, siteId: string): Promise<SiteLink> {
  const via = `NATS at ${withoutCredentials(url)}`;
  const connection = await dial(url, 'bessd cli', { timeout: CONNECT_MS, reconnect: false }).catch((error: unknown) => {
    throw new Fault('CONNECT_FAILED', `${via}: ${reasonOf(error)}`, { cause: error });
  });
  return {
    siteId,
    via,
    async request(name, body) {
      const subject = name === 'status' ? statusSubject(siteId) : commandSubject(siteId, name as CommandName);
      try {
        const options = { timeout: REPLY_MS, ...traceHeaders() };
        return (await connection.request(subject, JSON.stringify(body), options)).json<Reply>();
      } catch (error) {
        throw new Fault('CONNECT_FAILED', `${via}: ${reasonOf(error)}; is the site ${siteId} running there?`, {
          cause: error,
        });
      }
    },
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

export function socketLink({ site, socketPath }: FoundSite): SiteLink {
  return {
    siteId: site,
    via: `the socket ${socketPath}`,
    request: (name, body) => askSocket(socketPath, name, body, REPLY_MS, process.env['TRACEPARENT']),
    [Symbol.asyncDispose]: async () => {},
  };
}

/** Every site of this machine that answers on its socket. */
export async function runningSites(): Promise<readonly FoundSite[]> {
  const asked = findSockets().map(async ({ socketPath }) => {
    const reply = await askSocket(socketPath, 'where', {}, 1500).catch(() => undefined);
    return reply?.ok ? [{ ...(reply.data as Whereabouts), socketPath }] : [];
  });
  return (await Promise.all(asked)).flat();
}

/** The one that is meant when nothing, or only a site's id, is given. */
export async function theRunningSite(wanted: string | undefined): Promise<FoundSite> {
  const running = await runningSites();
  const sites = running.filter(({ site }) => wanted === undefined || site === wanted);
  const [first] = sites;
  const ids = running.map(({ site }) => site).join(', ') || 'none';
  if (sites.length > 1)
    throw new UsageError(`--site: got nothing, expected one of ${ids}, which all run on this machine`);
  if (!first) {
    throw new Fault(
      'CONNECT_FAILED',
      `no ${wanted === undefined ? 'site' : `site ${wanted}`} answers on this machine (running: ${ids}); elsewhere: --nats URL --site ID`,
    );
  }
  return first;
}

/** The trace that the caller of this program began, as other tools hand it on. */
function traceHeaders(): { readonly headers?: MsgHdrs } {
  const traceparent = process.env['TRACEPARENT'];
  if (!traceparent) return {};
  const all = headers();
  all.set('traceparent', traceparent);
  return { headers: all };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
