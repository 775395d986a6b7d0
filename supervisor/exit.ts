/**
 * How a child ended: normal, shutdown, or abnormal. `transient` and significant children are judged by it.
 */
import type { EventObject } from 'xstate';
import { Fault } from '../contracts/faults.ts';
import type { SupervisorOutput } from './spec.ts';

export type Exit = {
  readonly kind: 'normal' | 'shutdown' | 'abnormal';
  readonly reason: string;
  readonly error?: unknown;
};

/** Thrown by a process that ends on purpose, without having failed (OTP: exit reason `shutdown`). */
export class ShutdownExit extends Error {
  constructor(reason = 'shutdown') {
    super(reason);
    this.name = 'ShutdownExit';
  }
}

/** The exit that an XState event tells of; undefined for any other event. */
export function exitOf(event: EventObject): Exit | undefined {
  if (event.type.startsWith('xstate.error.actor.')) return exitFrom((event as unknown as { error: unknown }).error);
  if (!event.type.startsWith('xstate.done.actor.')) return undefined;
  return exitWith((event as unknown as { output: unknown }).output);
}

/** The exit of an actor that ended with that output, without having failed. */
export function exitWith(output: unknown): Exit {
  if (!isSupervisorOutput(output)) return { kind: 'normal', reason: 'normal' };
  // A supervisor that ends by itself does so with reason shutdown, whatever its children did.
  return {
    kind: 'shutdown',
    reason: output.reason === 'intensity' ? reasonOf(output.error) : 'shutdown',
    error: output.error,
  };
}

export function exitFrom(error: unknown): Exit {
  // By its name too: an error that comes from a thread has lost its class.
  return error instanceof ShutdownExit || (error instanceof Error && error.name === 'ShutdownExit')
    ? { kind: 'shutdown', reason: error.message }
    : { kind: 'abnormal', reason: reasonOf(error), error };
}

export function reasonOf(error: unknown): string {
  if (error instanceof Fault) return `${error.code}: ${error.message}`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function isSupervisorOutput(output: unknown): output is SupervisorOutput {
  return (
    typeof output === 'object' &&
    output !== null &&
    'reason' in output &&
    (output.reason === 'intensity' || output.reason === 'shutdown')
  );
}
