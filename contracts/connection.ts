/** The language of the connection machine. */
import type { Code } from './faults.ts';

export type ConnectionInput = {
  readonly assetId: string;
  /** Time to open the connection, the vendor's delay after it included. */
  readonly connectTimeoutMs: number;
  readonly identifyTimeoutMs: number;
  readonly staleAfterMs: number;
  /** Silence after `stale` until the connection is given up. */
  readonly giveUpAfterMs: number;
  /** Handed to the session as its input; the machine does not look inside. */
  readonly session?: unknown;
};

export type ConnectionContext = ConnectionInput & {
  /** Failed tries since the device was last online. */
  readonly failures: number;
  readonly lastFault: Code | undefined;
  /** Connections in a row that the device ended soon after it had opened them: somebody else may want the only one. */
  readonly evictions: number;
  /** This connection was opened, not long ago. */
  readonly young: boolean;
  /** Somebody had to be stopped, and no connection has lasted since. */
  readonly urgent: boolean;
};

type Opened = { readonly type: 'OPENED' };
type Identified = { readonly type: 'IDENTIFIED' };
type TelemetryCame = { readonly type: 'TELEMETRY' };
/** Somebody has to be stopped: do not wait for the next try. */
type Hurry = { readonly type: 'HURRY' };

export type ConnectionEvent = Opened | Identified | TelemetryCame | Hurry;
