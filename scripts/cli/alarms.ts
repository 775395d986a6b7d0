/** `bessd alarms`: what is active, the gravest first. */
import type { Command } from 'commander';
import type { Reply } from '../../contracts/commands.ts';
import type { AlarmReport } from '../../contracts/reports.ts';
import type { SiteStatus } from '../../contracts/status.ts';
import { finish, siteCommand } from './command.ts';
import type { SiteOptions } from './command.ts';
import { openLink } from './link.ts';
import { painted, table } from './output.ts';

export function alarmsCommand(): Command {
  return siteCommand('alarms', 'list the active alarms').action(async (options: SiteOptions) => {
    await using link = await openLink(options);
    const reply = (await link.request('status', {})) as Reply<SiteStatus>;
    finish(reply.ok ? { ok: true, data: reply.data.alarms } : reply, options, screen);
  });
}

function screen(alarms: readonly AlarmReport[]): string {
  if (alarms.length === 0) return 'no active alarms';
  const rows = alarms
    .toSorted((a, b) => a.severity.localeCompare(b.severity) || a.ts.localeCompare(b.ts))
    .map(({ severity, ts, alarm_id, asset_id, message }) => [
      severity === 'P1' || severity === 'P2' ? painted('red', severity) : severity,
      ts,
      asset_id ?? 'site',
      alarm_id,
      message,
    ]);
  return table([['', 'since', 'where', 'alarm', 'what'], ...rows]);
}
