/**
 * The commands of `bessd`, one a file beside this one.
 *
 * Exit codes: 0 done, 1 refused or failed, 2 usage or invalid configuration.
 */
import { Command, CommanderError } from 'commander';
import { alarmsCommand } from './alarms.ts';
import { auditCommand } from './audit.ts';
import { backupCommand } from './backup.ts';
import { endWith } from './command.ts';
import { calibrateCommand } from './calibrate.ts';
import { dispatchCommand } from './dispatch.ts';
import { doctorCommand } from './doctor.ts';
import { estopCommand } from './estop.ts';
import { maintenanceCommand } from './maintenance.ts';
import { profileCommand } from './profile.ts';
import { resetEstopCommand } from './reset-estop.ts';
import { acceptFirmwareCommand } from './accept-firmware.ts';
import { resetTripCommand } from './reset-trip.ts';
import { statusCommand } from './status.ts';
import { restoreCommand } from './restore.ts';
import { stopCommand } from './stop.ts';

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
      import('./run.ts').then((file) => file.runCommand()),
      import('./simulate.ts').then((file) => file.simulateCommand()),
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
