/**
 * The program `bessd`: one subcommand a file in `cli/`.
 *
 * Exit codes: 0 done, 1 refused or failed, 2 usage or invalid configuration.
 */
import { Command, CommanderError } from 'commander';
import { alarmsCommand } from './cli/alarms.ts';
import { auditCommand } from './cli/audit.ts';
import { backupCommand } from './cli/backup.ts';
import { endWith } from './cli/command.ts';
import { calibrateCommand } from './cli/calibrate.ts';
import { dispatchCommand } from './cli/dispatch.ts';
import { doctorCommand } from './cli/doctor.ts';
import { estopCommand } from './cli/estop.ts';
import { maintenanceCommand } from './cli/maintenance.ts';
import { profileCommand } from './cli/profile.ts';
import { resetEstopCommand } from './cli/reset-estop.ts';
import { acceptFirmwareCommand } from './cli/accept-firmware.ts';
import { resetTripCommand } from './cli/reset-trip.ts';
import { statusCommand } from './cli/status.ts';
import { restoreCommand } from './cli/restore.ts';
import { stopCommand } from './cli/stop.ts';

const EXAMPLES = `
Examples:
  bessd run --config site.yaml                      run a site
  bessd status                                      the site that runs on this machine
  bessd dispatch --asset bess-1 --w 20000 --duration 900
  bessd dispatch --all --w -50000 --duration 3600   charge, shared among the assets
  bessd estop --reason "smoke in container 2"       over NATS, else over the socket
  bessd status --nats nats://10.0.0.5:4222 --site SITE-1   a site elsewhere; every command takes both

Exit codes: 0 done, 1 refused or failed, 2 usage or invalid configuration`;

const program = new Command('bessd')
  .description('runtime of battery energy storage sites')
  .showHelpAfterError('(bessd --help shows all commands)')
  .addHelpText('after', EXAMPLES);

const talking = [
  statusCommand(),
  dispatchCommand(),
  stopCommand(),
  estopCommand(),
  resetEstopCommand(),
  resetTripCommand(),
  acceptFirmwareCommand(),
  calibrateCommand(),
  maintenanceCommand(),
  alarmsCommand(),
  doctorCommand(),
  profileCommand(),
  auditCommand(),
  backupCommand(),
  restoreCommand(),
];
// What runs a site or a plant is large; a command to a running site, above all a stop, does not wait for it to load.
const large = talking.some((command) => command.name() === process.argv[2])
  ? []
  : await Promise.all([
      import('./cli/run.ts').then((file) => file.runCommand()),
      import('./cli/simulate.ts').then((file) => file.simulateCommand()),
    ]);
for (const command of [...large, ...talking]) program.addCommand(command);
throwInsteadOfExit(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else endWith(error, process.argv.includes('--json'));
}

/** Commander ends the process with 1 on usage errors; ours is 2. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const one of command.commands) throwInsteadOfExit(one);
}
