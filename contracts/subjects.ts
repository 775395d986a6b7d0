/** NATS subjects. `<site>` and `<asset>` are single tokens (the site file's schema sees to it). */
import type { CommandName } from './commands.ts';

export function telemetrySubject(siteId: string, assetId: string): string {
  return `bess.${siteId}.telemetry.${assetId}`;
}

export function eventSubject(siteId: string, kind: string): string {
  return `bess.${siteId}.event.${kind}`;
}

export function alarmSubject(siteId: string): string {
  return `bess.${siteId}.alarm`;
}

export function statusSubject(siteId: string): string {
  return `bess.${siteId}.status`;
}

export function commandSubject(siteId: string, command: CommandName): string {
  return `bess.${siteId}.cmd.${command}`;
}
