/**
 * What a supervisor is told about its children, in OTP's words and defaults.
 */
import type { AnyActorLogic } from 'xstate';

export type RestartKind = 'permanent' | 'transient' | 'temporary';
export type Strategy = 'one_for_one' | 'one_for_all' | 'rest_for_one';
export type Shutdown = number | 'brutal_kill' | 'infinity';

/** Answer of a `start` that wants no process: the child is kept in the list, without one. */
export const IGNORE = Symbol('ignore');

/** Growing pauses before restarts, inside the intensity window; off unless given. */
export type Backoff = {
  readonly firstMs: number;
  readonly longestMs: number;
  /** Fraction of the pause by which it varies, 0 to 1; spreads the restarts of many children. */
  readonly jitter?: number;
};

export type ChildSpec = {
  /** Also the name under which other actors reach the child; unique in the whole system. */
  readonly id: string;
  /** Called for every incarnation. Children of a pool get what `startChild` was given. */
  readonly start: (argument?: unknown) => AnyActorLogic | typeof IGNORE;
  readonly input?: (argument?: unknown) => unknown;
  readonly restart?: RestartKind;
  /** ms to end in order before it is killed; default 5000 for workers, infinity for supervisors. */
  readonly shutdown?: Shutdown;
  readonly type?: 'worker' | 'supervisor';
  /** Its end by itself may end the supervisor, see `autoShutdown`. Not for permanent children. */
  readonly significant?: boolean;
  readonly backoff?: Backoff;
  /** A child that fails before it called `ready()` is not restarted: it would only fail again. */
  readonly mustBecomeReady?: boolean;
};

export type SupervisorSpec = {
  readonly id: string;
  readonly strategy: Strategy;
  /** Restarts allowed within `periodMs`; default 1. */
  readonly intensity?: number;
  /** Default 5000. */
  readonly periodMs?: number;
  /** End the supervisor when one, or the last, significant child has ended by itself; default never. */
  readonly autoShutdown?: 'never' | 'any_significant' | 'all_significant';
  /** Park what keeps failing instead of giving up. */
  readonly quarantine?: boolean;
  /** Children are all alike, started one by one with an argument, ended together (OTP: simple_one_for_one). */
  readonly pool?: boolean;
  /** Children need nothing of each other: all are told to end at once, and none waits for another. Of `one_for_one` only. */
  readonly endsTogether?: boolean;
  /** In order of their start; of a pool the one template. */
  readonly children: readonly ChildSpec[];
};

/** How a supervisor ended: told to, by its own rules, or because its children failed too often. */
export type SupervisorOutput = { readonly reason: 'shutdown' | 'intensity'; readonly error?: unknown };
