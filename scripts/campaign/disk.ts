/** `npm run campaign -- disk`: a site whose disk goes bad, beside the same minutes on a healthy one. */
import { Command, Option } from 'commander';
import { DISK_FAULTS, missingForDisk } from '../../test/campaign/disk-faults.ts';
import type { DiskFaultName } from '../../test/campaign/disk-faults.ts';
import { diskCampaign } from '../../test/campaign/disk.ts';
import type { DiskResult, Stretch } from '../../test/campaign/disk.ts';
import { wholeNumber } from './numbers.ts';

type Options = { readonly only?: DiskFaultName; readonly seconds: number; readonly seed: number };

export function diskCommand(): Command {
  return new Command('disk')
    .description('a disk that is full, read-only, failing or slow: control goes on, the record is whole, one alarm')
    .addOption(new Option('--only <name>', 'one fault').choices(DISK_FAULTS))
    .option('--seconds <n>', 'how long each fault lasts', wholeNumber, 60)
    .option('--seed <n>', 'which orders are sent', wholeNumber, 1)
    .action(disk);
}

async function disk({ only, seconds, seed }: Options): Promise<void> {
  const missing = missingForDisk();
  if (missing !== undefined) return console.log(`SKIPPED: ${missing}`);
  for (const fault of DISK_FAULTS.filter((one) => only === undefined || one === only)) {
    const result = await diskCampaign(fault, { stretchMs: seconds * 1000 }, seed);
    print(result);
    if (result.problems.length > 0) process.exitCode = 1;
  }
}

function print({ fault, problems, healthy, bad, alarms, ...record }: DiskResult): void {
  const { recordRestarts, received, gaps, pollsMissing, writes, auditEntries, auditOk } = record;
  const told = [...alarms].map(([id, { raised, returned }]) => `${id} ${raised} raised ${returned} returned`);
  console.log(`${fault}: ${problems.length === 0 ? 'as it should be' : problems.join('; ')}`);
  if (healthy) console.log(`  healthy disk  ${textOf(healthy)}`);
  console.log(`  bad disk      ${textOf(bad)}`);
  console.log(`  alarms        ${told.join(', ')}`);
  console.log(
    `  receiver      ${received} reports, ${gaps} gaps, ${pollsMissing} polls missing, ${auditEntries} audit entries of ` +
      `${writes} writes, chain ${auditOk ? 'whole' : 'BROKEN'}; record thread restarted ${recordRestarts} times`,
  );
}

function textOf({ polls, stopWriteMs, stopped, orders, refused, orderP99Ms, permitLapses }: Stretch): string {
  const codes = Object.entries(refused).map(([code, count]) => `, ${count} refused ${code}`);
  return (
    `polls p50 ${polls.p50} p99 ${polls.p99} max ${polls.max} ms; stop written after ${stopWriteMs} ms, zero at ` +
    `${stopped.length}; ${orders} orders${codes.join('')}, answered within ${orderP99Ms} ms; ${permitLapses} permits lapsed`
  );
}
