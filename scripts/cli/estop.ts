/**
 * `bessd estop`: asks for the emergency stop of a site over NATS, then over the socket of the machine, until one way
 * worked. It says which one, and what became of each asset.
 */
import type { Command } from 'commander';
import type { EstopReply, Reply } from '../../contracts/commands.ts';
import { Fault, refusal } from '../../contracts/faults.ts';
import { siteCommand } from './command.ts';
import type { SiteOptions } from './command.ts';
import { natsLink, socketLink, theRunningSite } from './link.ts';
import type { SiteLink } from './link.ts';
import { failed, json, painted, table } from './output.ts';

type EstopOptions = SiteOptions & { readonly reason: string };
type Way = { readonly name: string; readonly open: () => Promise<SiteLink> };

export function estopCommand(): Command {
  return siteCommand('estop', 'emergency stop of a site: a request, not a safety function')
    .option('--reason <text>', 'why', 'asked for on the command line')
    .addHelpText('after', '\nPower to the site stays on: only the hard-wired emergency stop removes it.')
    .action(emergencyStop);
}

async function emergencyStop(options: EstopOptions): Promise<void> {
  const { reason, issuer } = options;
  const ways = await waysTo(options);
  let last: Reply<EstopReply> = refusal('NOT_READY');
  for (const way of ways) {
    last = await tryWay(way, { reason, issuer });
    if (last.ok) return report(last, way.name, options);
    if (!options.json) console.error(`${way.name}: ${failed(last)}`);
  }
  process.exitCode = 1;
  if (options.json) console.log(json(last));
  else console.error(painted('red', 'NOT STOPPED over any way: use the hard-wired emergency stop', process.stderr));
}

/** NATS first: as given, else as the running site says; then the socket. With all given, nothing is looked up before. */
async function waysTo({ nats, site }: EstopOptions): Promise<readonly Way[]> {
  const overSocket = { name: 'socket', open: async () => socketLink(await theRunningSite(site)) };
  if (nats !== undefined && site !== undefined) return [{ name: 'NATS', open: () => natsLink(nats, site) }, overSocket];
  const found = await theRunningSite(site);
  const url = nats ?? found.nats_url;
  return url === null ? [overSocket] : [{ name: 'NATS', open: () => natsLink(url, found.site) }, overSocket];
}

async function tryWay({ open }: Way, body: object): Promise<Reply<EstopReply>> {
  try {
    await using link = await open();
    return (await link.request('estop', body)) as Reply<EstopReply>;
  } catch (error) {
    if (error instanceof Fault) return refusal(error.code, error.message);
    throw error;
  }
}

function report(reply: Extract<Reply<EstopReply>, { ok: true }>, via: string, options: EstopOptions): void {
  const { data } = reply;
  const { written, zero, unconfirmed, refused, latched } = data;
  if (unconfirmed.length > 0 || refused.length > 0) process.exitCode = 1;
  if (options.json) return console.log(json({ ...reply, via }));
  const results = new Map([
    ...written.map((id) => [id, painted('yellow', 'stop written, zero not yet seen')] as const),
    ...zero.map((id) => [id, painted('green', 'zero')] as const),
    ...unconfirmed.map(
      (id) => [id, painted('red', 'UNCONFIRMED: the device has not answered; it is stopped when it returns')] as const,
    ),
    ...refused.map((id) => [id, painted('red', 'REFUSED: nothing may be written to it')] as const),
  ]);
  console.log(
    `emergency stop latched (${latched === 'disk' ? 'on disk' : painted('red', 'in memory only')}), asked for over ${via}`,
  );
  console.log(table([['asset', 'result'], ...results]));
}
