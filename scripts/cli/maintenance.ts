/** `bessd maintenance`: tag an asset out, so that nothing is written to it, and back in. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { ask, siteCommand, tokenOf, withToken } from './command.ts';
import type { SiteOptions } from './command.ts';
import { UsageError } from './usage.ts';

type MaintenanceOptions = SiteOptions & {
  readonly asset: string;
  readonly on?: boolean;
  readonly off?: boolean;
  readonly tag: string;
  readonly reason: string;
  readonly token?: string;
};

export function maintenanceCommand(): Command {
  return withToken(siteCommand('maintenance', 'tag an asset out, so that nothing is written to it, or back in'))
    .requiredOption('--asset <id>', 'the asset')
    .addOption(new Option('--on', 'tag it out').conflicts('off'))
    .option('--off', 'tag it back in')
    .requiredOption('--tag <tag>', 'number or name of the tag')
    .requiredOption('--reason <text>', 'why')
    .action((options: MaintenanceOptions) => {
      const { asset, on = false, off = false, tag, reason, issuer } = options;
      if (on === off) throw new UsageError('--on: got nothing, expected --on or --off');
      const body = { asset_id: asset, on, tag, reason, issuer, ...tokenOf(options) };
      return ask(
        'maintenance',
        options,
        body,
        () => `${asset}: ${on ? `tagged out (${tag}); nothing is written to it` : `tag ${tag} removed`}`,
      );
    });
}
