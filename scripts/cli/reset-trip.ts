/** `bessd reset-trip`: give a tripped asset back, once the cause is gone. */
import type { Command } from 'commander';
import { ask, siteCommand, tokenOf, withToken } from './command.ts';
import type { SiteOptions } from './command.ts';

export function resetTripCommand(): Command {
  return withToken(siteCommand('reset-trip', 'reset the trip of one asset'))
    .requiredOption('--asset <id>', 'the asset')
    .requiredOption('--cause <text>', 'what had happened, and why it is over')
    .action((options: SiteOptions & { asset: string; cause: string; token?: string }) => {
      const { asset, issuer, cause } = options;
      return ask(
        'reset_trip',
        options,
        { asset_id: asset, issuer, cause, ...tokenOf(options) },
        () => `${asset}: trip reset`,
      );
    });
}
