/** `bessd doctor`: is this machine ready for a site? Exit 1 when something must be changed, 2 for an invalid site file. */
import { Command } from 'commander';
import { broker, clock, configuration, dataFolder, nodeVersion, port, runningSite } from './doctor-checks.ts';
import type { Finding } from './doctor-checks.ts';
import { numberIn } from './command.ts';
import { json, painted, table } from './output.ts';

type DoctorOptions = {
  readonly config?: string;
  readonly data: string;
  readonly httpPort: number;
  readonly json?: boolean;
};

const COLOURS = { ok: 'green', warning: 'yellow', failed: 'red', invalid: 'red' } as const;

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check whether this machine is ready for a site')
    .option('--config <file>', 'a site file to check')
    .option('--data <folder>', 'the data folder', process.env['DATA_DIR'] ?? './data')
    .option(
      '--http-port <port>',
      'the port of the HTTP interface',
      numberIn(1, 65_535, 'a port'),
      Number(process.env['HEALTH_PORT'] ?? 8000),
    )
    .option('--json', 'print the findings as JSON')
    .action(examine);
}

async function examine({ config, data, httpPort, json: asJson }: DoctorOptions): Promise<void> {
  const { finding, sites } = await runningSite();
  const findings: readonly (Finding | undefined)[] = [
    nodeVersion(),
    configuration(config),
    await broker(),
    dataFolder(data),
    await clock(),
    await port('HTTP port', httpPort, sites),
    await port('broker port', 4222, sites),
    finding,
  ];
  const found = findings.filter((one) => one !== undefined);
  const worst = (['invalid', 'failed'] as const).find((verdict) => found.some((one) => one.verdict === verdict));
  process.exitCode = worst === undefined ? 0 : worst === 'invalid' ? 2 : 1;
  if (asJson) return console.log(json({ ok: worst === undefined, data: found }));
  const rows = found.map(({ check, verdict, message }) => [painted(COLOURS[verdict], verdict), check, message]);
  console.log(table([['', 'check', 'found'], ...rows]));
}
