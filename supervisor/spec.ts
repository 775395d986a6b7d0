/**
 * What a supervisor is told about its children, in OTP's words and defaults.
 */
import type { AnyActorLogic } from 'xstate';

export type RestartKind = 'permanent' | 'transient' | 'temporary';
export type Strategy = 'one_for_one' | 'one_for_all' | 'rest_for_one';

export type ChildSpec = {
  /** Also the name under which other actors reach the child; unique in the whole system. */
  readonly id: string;
  /** Called for every incarnation. */
  readonly start: () => AnyActorLogic;
  readonly input?: () => unknown;
  readonly restart?: RestartKind;
  /** ms to end in order before it is killed; default 5000 for workers, infinity for supervisors. */
  readonly shutdown?: number | 'brutal_kill' | 'infinity';
  readonly type?: 'worker' | 'supervisor';
};

export type SupervisorSpec = {
  readonly id: string;
  readonly strategy: Strategy;
  /** Restarts allowed within `periodMs`; default 1. */
  readonly intensity?: number;
  /** Default 5000. */
  readonly periodMs?: number;
  /** Park what keeps failing instead of giving up. */
  readonly quarantine?: boolean;
  readonly children: readonly ChildSpec[];
};

export type SupervisorOutput = { readonly reason: 'shutdown' | 'intensity'; readonly error?: unknown };

/** Throws on a specification that can never work. */
export function validate(spec: SupervisorSpec): void {
  const ids = spec.children.map((child) => child.id);
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice !== undefined) throw new Error(`supervisor ${spec.id}: two children are named ${twice}`);
  if ((spec.intensity ?? 1) < 0) throw new Error(`supervisor ${spec.id}: intensity must not be negative`);
  if ((spec.periodMs ?? 5000) <= 0) throw new Error(`supervisor ${spec.id}: periodMs must be positive`);
}
