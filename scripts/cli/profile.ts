/** `bessd profile`: what concerns device profiles and the devices that they are written for. */
import { Command } from 'commander';
import { checkCommand } from './profile-check.ts';

export function profileCommand(): Command {
  return new Command('profile').description('validate a profile, discover a SunSpec device').addCommand(checkCommand());
}
