/** `npm run campaign -- outage`: how long a backlog takes, how late live data comes meanwhile, what control does. */
import { Command } from 'commander';
import { outageCampaign } from '../../test/campaign/outage.ts';
import type { OutageSize } from '../../test/campaign/outage.ts';
import { wholeNumber } from './numbers.ts';

const DRAIN_WITHIN_S = 120;
const LIVE_WITHIN_MS = 2000;

export function outageCommand(): Command {
  return new Command('outage')
    .description('a long outage of the broker of the fleet, drained by a running site')
    .option('--hours <n>', 'how long it was', wholeNumber, 6)
    .option('--devices <n>', 'each with a frame of 40 points a second', wholeNumber, 10)
    .option('--seconds <n>', 'how long to look before and after', wholeNumber, 30)
    .action(outage);
}

async function outage(size: OutageSize): Promise<void> {
  const { backlog, drainS, gaps, ...phases } = await outageCampaign(size, (line) => console.log(line));
  const { away, draining, afterwards } = phases;
  console.log(
    `${size.hours} h of ${size.devices} devices, ${backlog} frames: drained in ${drainS.toFixed(1)} s, ` +
      `${Math.round(backlog / drainS)} frames/s, ${gaps} gaps`,
  );
  for (const [name, { polls, live }] of Object.entries({ away, draining, afterwards })) {
    const late =
      live.count === 0 ? '' : `; live data p50 ${live.p50} p99 ${live.p99} max ${live.max} ms after its poll`;
    console.log(`  ${name}: ${polls.count} polls, p50 ${polls.p50} p99 ${polls.p99} max ${polls.max} ms apart${late}`);
  }
  if (gaps > 0 || drainS > DRAIN_WITHIN_S || draining.live.max > LIVE_WITHIN_MS) process.exitCode = 1;
}
