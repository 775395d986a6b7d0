/**
 * `bessd doctor`: is this machine ready for a site, and is the running site well? `--drill` proves a dead-man. Exit 1 when
 * something must be changed, 2 for an invalid site file.
 */
import type { Command } from 'commander';
import { broker, clock, configuration, dataFolder, nodeVersion, port, runningSite } from './doctor-checks.ts';
import type { Finding } from './doctor-checks.ts';
import { drill } from './doctor-drill.ts';
import type { DrillOptions } from './doctor-drill.ts';
import { siteFindings } from './doctor-site.ts';
import { numberIn, siteCommand, withToken } from './command.ts';
import { openLink, socketLink } from './link.ts';
import type { FoundSite } from './link.ts';
import { json, painted, table } from './output.ts';

type DoctorOptions = {
  readonly config?: string;
  readonly data: string;
  readonly httpPort: number;
  readonly drill?: string;
} & Omit<DrillOptions, 'drill'>;

const COLOURS = { ok: 'green', warning: 'yellow', failed: 'red', invalid: 'red' } as const;

export function doctorCommand(): Command {
  return withToken(siteCommand('doctor', 'check whether this machine is ready for a site, and how the running site is'))
    .option('--config <file>', 'a site file to check')
    .option('--data <folder>', 'the data folder', process.env['DATA_DIR'] ?? './data')
    .option(
      '--http-port <port>',
      'the port of the HTTP interface',
      numberIn(1, 65_535, 'a port'),
      Number(process.env['HEALTH_PORT'] ?? 8000),
    )
    .option('--drill <what>', 'deadman: cut the link of an asset that is tagged out, and see what it does by itself')
    .option('--asset <id>', 'the asset of the drill')
    .action((options: DoctorOptions) =>
      options.drill === undefined ? examine(options) : drill({ ...options, drill: options.drill }),
    );
}

async function examine(options: DoctorOptions): Promise<void> {
  const { config, data, httpPort, json: asJson } = options;
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
    ...(await sitesOf(options, sites)),
  ];
  const found = findings.filter((one) => one !== undefined);
  const worst = (['invalid', 'failed'] as const).find((verdict) => found.some((one) => one.verdict === verdict));
  process.exitCode = worst === undefined ? 0 : worst === 'invalid' ? 2 : 1;
  if (asJson) return console.log(json({ ok: worst === undefined, data: found }));
  const rows = found.map(({ check, verdict, message }) => [painted(COLOURS[verdict], verdict), check, message]);
  console.log(table([['', 'check', 'found'], ...rows]));
}

/** The one that is named, or those that run on this machine. */
async function sitesOf({ nats, site }: DoctorOptions, here: readonly FoundSite[]): Promise<readonly Finding[]> {
  const links = nats === undefined ? here.filter((one) => site === undefined || one.site === site).map(socketLink) : [];
  if (nats !== undefined) links.push(await openLink({ nats, ...(site === undefined ? {} : { site }) }));
  const findings: Finding[] = [];
  for (const link of links) {
    await using open = link;
    findings.push(...(await siteFindings(open)));
  }
  return findings;
}
