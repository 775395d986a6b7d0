/** `bessd alarms`: what stands and what was put aside, the gravest first; and what a person does about one of them. */
import { Argument } from 'commander';
import type { Command } from 'commander';
import { RESPONSE_MINUTES } from '../../contracts/alarms.ts';
import type { Reply } from '../../contracts/commands.ts';
import type { AlarmReport } from '../../contracts/reports.ts';
import type { SiteStatus } from '../../contracts/status.ts';
import { ask, finish, numberIn, siteCommand } from './command.ts';
import type { SiteOptions } from './command.ts';
import { openLink } from './link.ts';
import { painted, table } from './output.ts';
import { UsageError } from './usage.ts';

type Options = SiteOptions & { readonly minutes?: number; readonly reason?: string };

export function alarmsCommand(): Command {
  return siteCommand('alarms', 'list the alarms, acknowledge one, shelve one for a time, or take it from the shelf')
    .addArgument(new Argument('[action]', 'what to do with one alarm').choices(['ack', 'shelve', 'unshelve']))
    .argument('[alarm]', 'its id, as in the list')
    .option('--minutes <n>', 'how long it is shelved', numberIn(1, 1440, 'minutes'))
    .option('--reason <text>', 'why it is shelved')
    .action(async (action: string | undefined, alarm: string | undefined, options: Options) => {
      if (action === undefined) return await list(options);
      if (alarm === undefined) throw new UsageError('alarm: got nothing, expected the id of an alarm, as in the list');
      const { issuer, minutes, reason } = options;
      const more = {
        ...(minutes === undefined ? {} : { duration_minutes: minutes }),
        ...(reason === undefined ? {} : { reason }),
      };
      await ask('alarm', options, { alarm_id: alarm, action, ...more, issuer }, done);
    });
}

async function list(options: SiteOptions): Promise<void> {
  await using link = await openLink(options);
  const reply = (await link.request('status', {})) as Reply<SiteStatus>;
  // As JSON the alarms that stand, as ever; with a lifecycle each.
  if (options.json || !reply.ok)
    return finish(reply.ok ? { ok: true, data: reply.data.alarms } : reply, options, screen);
  const { alarms, alarms_aside: aside = [] } = reply.data;
  console.log(screen(alarms));
  if (aside.length > 0) console.log(`\nput aside, or returned without an acknowledgement:\n${screen(aside)}`);
}

function screen(alarms: readonly AlarmReport[]): string {
  if (alarms.length === 0) return 'no active alarms';
  const rows = alarms
    .toSorted((a, b) => a.severity.localeCompare(b.severity) || a.ts.localeCompare(b.ts))
    .map(({ severity, ts, since = ts, alarm_id, asset_id, lifecycle = 'unacknowledged', message }) => [
      severity === 'P1' || severity === 'P2' ? painted('red', severity) : severity,
      since,
      asset_id ?? 'site',
      alarm_id,
      lifecycle.replaceAll('_', ' '),
      lifecycle === 'unacknowledged' ? `${RESPONSE_MINUTES[severity]} min` : '',
      message,
    ]);
  return table([['', 'since', 'where', 'alarm', 'state', 'act within', 'what'], ...rows]);
}

function done({ alarm_id, lifecycle = 'normal', shelved }: AlarmReport): string {
  return `${alarm_id} is ${lifecycle.replaceAll('_', ' ')}${shelved ? ` until ${shelved.until}` : ''}`;
}
