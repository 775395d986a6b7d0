/** `bessd dispatch`: order power from one asset or from the whole site. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { randomUUID } from 'node:crypto';
import type { DispatchReply } from '../../contracts/commands.ts';
import { ask, numberIn, siteCommand } from './command.ts';
import type { SiteOptions } from './command.ts';
import { kilowatts, painted, table } from './output.ts';
import { UsageError } from './usage.ts';

type DispatchOptions = SiteOptions & {
  readonly asset?: string;
  readonly all?: boolean;
  readonly w: number;
  readonly duration: number;
  readonly id?: string;
  readonly reference?: 'battery' | 'ac';
};

export function dispatchCommand(): Command {
  return siteCommand('dispatch', 'order power: positive discharges, negative charges')
    .addOption(new Option('--asset <id>', 'one asset').conflicts('all'))
    .option('--all', 'the whole site, shared among its assets')
    .requiredOption('--w <watts>', 'power in W', numberIn(-1e9, 1e9, 'W'))
    .requiredOption('--duration <seconds>', 'for how long', numberIn(0.001, 86_400, 'seconds'))
    .addOption(
      new Option('--reference <where>', 'power at the battery or at the AC terminals').choices(['battery', 'ac']),
    )
    .option('--id <id>', 'id of the order: the same id and content act once; default a new one')
    .action((options: DispatchOptions) => {
      if (options.asset === undefined && !options.all)
        throw new UsageError('--asset: got nothing, expected the id of an asset, or --all for the site');
      return ask('dispatch', options, ({ siteId }) => request(options, siteId), screen);
    });
}

function request({ asset, w, duration, id, reference, issuer }: DispatchOptions, siteId: string): object {
  return {
    id: id ?? randomUUID(),
    ...(asset === undefined ? { site_id: siteId } : { asset_id: asset }),
    w,
    duration_s: duration,
    issuer,
    ...(reference === undefined ? {} : { reference }),
  };
}

function screen({ id, status, requested_w, applied_w, residual_w, expires_at, assets }: DispatchReply): string {
  const verdict =
    status === 'accepted' ? painted('green', status) : painted('yellow', `${status}, ${kilowatts(residual_w)} short`);
  return [
    `${verdict}: ${kilowatts(applied_w)} of ${kilowatts(requested_w)} until ${expires_at} (order ${id})`,
    table([
      ['asset', 'asked', 'final', 'written', 'reasons'],
      ...assets.map(({ asset_id, raw_w, final_w, written_w, reasons }) => [
        asset_id,
        kilowatts(raw_w),
        kilowatts(final_w),
        kilowatts(written_w),
        reasons.join(', '),
      ]),
    ]),
  ].join('\n');
}
