/** `bessd reset-estop`: one step of resetting the emergency stop; with two-person reset a second operator follows. */
import type { Command } from 'commander';
import { ask, siteCommand, tokenOf, withToken } from './command.ts';
import type { SiteOptions } from './command.ts';

export function resetEstopCommand(): Command {
  return withToken(siteCommand('reset-estop', 'reset the emergency stop; starts nothing'))
    .requiredOption('--cause <text>', 'what had happened, and why it is over')
    .requiredOption('--confirmed-safe', 'you have seen that the site is safe')
    .action((options: SiteOptions & { cause: string; token?: string }) => {
      const { issuer, cause } = options;
      return ask('reset_estop', options, { issuer, cause, confirmed_safe: true, ...tokenOf(options) }, screen);
    });
}

function screen({ state, expires_at }: { readonly state: string; readonly expires_at?: string }): string {
  return state === 'armed'
    ? 'reset: the emergency stop is armed again'
    : `${state}: a second operator must confirm before ${expires_at ?? 'it expires'}`;
}
