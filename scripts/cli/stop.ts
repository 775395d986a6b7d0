/** `bessd stop`: ramp to zero and hold, until the next order. */
import type { Command } from 'commander';
import { ask, siteCommand } from './command.ts';
import type { SiteOptions } from './command.ts';

export function stopCommand(): Command {
  return siteCommand('stop', 'ramp to zero, then hold until the next order')
    .option('--asset <id>', 'one asset; without it all of them')
    .action((options: SiteOptions & { asset?: string }) => {
      const { asset, issuer } = options;
      const which = asset === undefined ? {} : { asset_id: asset };
      return ask(
        'stop',
        options,
        { ...which, issuer },
        () => `stopping: ${asset ?? 'all assets'} ramp to zero, then hold`,
      );
    });
}
