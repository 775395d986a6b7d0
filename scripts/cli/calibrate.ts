/** `bessd calibrate`: allow a gentle charge over the upper limit of the state of charge, for a time. */
import type { Command } from 'commander';
import { ask, numberIn, siteCommand, tokenOf, withToken } from './command.ts';
import type { SiteOptions } from './command.ts';

type CalibrateOptions = SiteOptions & { readonly asset: string; readonly duration: number; readonly token?: string };

const LONGEST_S = 14_400;

export function calibrateCommand(): Command {
  const about = 'allow a charge over the upper limit of the state of charge: at most 0.1 C, at 10 to 40 °C, for a time';
  return withToken(siteCommand('calibrate', about))
    .requiredOption('--asset <id>', 'the asset')
    .requiredOption('--duration <s>', 'how long it is allowed; 0 ends it', numberIn(0, LONGEST_S, 'seconds'))
    .action((options: CalibrateOptions) => {
      const { asset, duration, issuer } = options;
      const body = { asset_id: asset, duration_s: duration, issuer, ...tokenOf(options) };
      return ask('calibrate', options, body, ({ until }: { until: string }) =>
        duration === 0
          ? `${asset}: no calibration charge any more`
          : `${asset}: a calibration charge is allowed until ${until}; order it with bessd dispatch --asset ${asset} --w -…`,
      );
    });
}
