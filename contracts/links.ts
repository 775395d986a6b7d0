/**
 * Messages between the threads: control ⇄ north over two ports (commands; E-stop alone), control → record.
 */
import type { Origin, Reply, SiteCommand } from './commands.ts';
import type { Report, UplinkReport } from './reports.ts';
import type { SiteConfig } from './site-config.ts';
import type { UplinkConfig } from './uplink.ts';

/** North → control. `id` pairs the reply. */
export type CommandMessage = {
  readonly type: 'COMMAND';
  readonly id: number;
  readonly origin: Origin;
  readonly command: SiteCommand;
  /** W3C traceparent, where the command is traced. */
  readonly trace?: string | undefined;
};
/** Control → north. */
export type ReplyMessage = { readonly type: 'REPLY'; readonly id: number; readonly reply: Reply };
export type ToRecord = Report;
/** Answered with SYNCED once everything that came before it is on the disk. */
export type RecordSync = { readonly type: 'SYNC'; readonly id: number };

/** What the north thread gets at its start (`workerData`), beside its two ports. */
export type NorthStart = {
  readonly config: SiteConfig;
  readonly dataDir: string;
  readonly socketPath: string;
  readonly version: string;
  /** Take the next free HTTP port when the configured one is taken, instead of reporting it as a fault. */
  readonly anyPort?: boolean;
};

/** What the record thread gets at its start. */
export type RecordStart = {
  readonly dataDir: string;
  readonly keepDays: number;
  readonly maxBytes: number;
  /** Ids of those that copy it. */
  readonly uplinks?: readonly string[];
};

/** What an uplink thread gets at its start. */
export type UplinkStart = {
  readonly config: UplinkConfig;
  readonly siteId: string;
  readonly dataDir: string;
  /** Unit of every point, by asset. */
  readonly units: Readonly<Record<string, Readonly<Record<string, string>>>>;
};

/** Thread → its supervisor: ready, alive, or a state worth an alarm. */
export type ThreadSignal =
  | { readonly type: 'READY' }
  | { readonly type: 'ALIVE' }
  | { readonly type: 'SYNCED'; readonly id: number }
  | { readonly type: 'UPLINK'; readonly uplink: UplinkReport }
  | { readonly type: 'LISTENING'; readonly what: 'http' | 'broker' | 'socket'; readonly address: string }
  | {
      readonly type: 'NOTICE';
      readonly severity: 'P2' | 'P3' | 'P4';
      readonly alarm_id: string;
      readonly state: 'active' | 'returned';
      readonly message: string;
    };
