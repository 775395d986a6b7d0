/** `bessd accept-firmware`: a device whose firmware changed may be written to again. */
import type { Command } from 'commander';
import { ask, siteCommand, tokenOf, withToken } from './command.ts';
import type { SiteOptions } from './command.ts';

export function acceptFirmwareCommand(): Command {
  return withToken(
    siteCommand('accept-firmware', 'accept the changed firmware of one asset, after checking its registers'),
  )
    .requiredOption('--asset <id>', 'the asset')
    .action((options: SiteOptions & { asset: string; token?: string }) => {
      const { asset, issuer } = options;
      return ask(
        'accept_firmware',
        options,
        { asset_id: asset, issuer, ...tokenOf(options) },
        () => `${asset}: firmware accepted`,
      );
    });
}
