/** `bessd profile`: what concerns device profiles and the devices that they are written for. */
import { Command } from 'commander';
import { checkCommand } from './profile-check.ts';
import { scanCommand } from './profile-scan.ts';

export function profileCommand(): Command {
  return new Command('profile')
    .description('validate a device profile, discover a SunSpec device')
    .addCommand(checkCommand())
    .addCommand(scanCommand());
}
