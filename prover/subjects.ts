/**
 * The shipped machines with what may happen to them: inputs to start with, and an alphabet of events.
 *
 * The payloads are representatives: every guard and every assignment of the machine treats all values of a class alike
 * (an order by its sign and id, a person by who it is), so one of each class is enough. Timers and the ends of invoked
 * actors are not listed: they are taken from the machine itself.
 */
import type { AnyStateMachine } from 'xstate';
import type { ConnectionEvent, ConnectionInput } from '../contracts/connection.ts';
import type { EstopEvent, EstopInput } from '../contracts/estop.ts';
import { Fault } from '../contracts/faults.ts';
import type { OperationEvent, OperationInput, Order } from '../contracts/operation.ts';
import type { CompiledMachine } from '../machines/compiled/compile.ts';
import { connectionMachine } from '../machines/device/connection.machine.ts';
import { operationMachine } from '../machines/device/operation.machine.ts';
import { estopMachine } from '../machines/site/estop.machine.ts';
import type { Charts } from './parts.ts';
import { TELLING } from './telling-subjects.ts';

export type Subject = {
  readonly name: keyof Charts;
  /** Where it stands in the checkout. */
  readonly file: string;
  readonly machine: AnyStateMachine;
  readonly inputs: readonly unknown[];
  readonly events: readonly { readonly type: string }[];
  /** How an invoked actor may end. */
  readonly ends: readonly { readonly how: 'done' | 'error'; readonly error?: unknown }[];
  /** States that may last for ever; every other one must have a timer or leave by itself. */
  readonly resting: readonly string[];
  /** What holds in each of its states, by the state's name and the context; empty where compositions judge it. */
  readonly promises: readonly Promised[];
};

type Promised = { readonly what: string; readonly holds: (state: string, context: never) => boolean };

export const order = (w: number, id: string, epoch = 1): Order => ({
  id,
  w,
  reference: 'battery',
  expiresAtMs: 1,
  expiresAtWallMs: 1,
  epoch,
  issuer: 'i',
});

const connectionInput: ConnectionInput = {
  assetId: 'a',
  connectTimeoutMs: 1000,
  identifyTimeoutMs: 2000,
  staleAfterMs: 8000,
  giveUpAfterMs: 4000,
};
const connectionEvents: readonly ConnectionEvent[] = [
  { type: 'OPENED' },
  { type: 'IDENTIFIED' },
  { type: 'TELEMETRY' },
  { type: 'HURRY' },
];

const operationInput: OperationInput = { assetId: 'a', stopTimeoutMs: 60_000 };
const operationEvents: readonly OperationEvent[] = [
  { type: 'ORDER', order: order(-1000, 'charge') },
  { type: 'ORDER', order: order(1000, 'discharge') },
  { type: 'ORDER', order: order(-500, 'other charge') },
  { type: 'ORDER', order: order(500, 'other discharge') },
  { type: 'ORDER_ENDED', id: 'charge' },
  { type: 'ORDER_ENDED', id: 'discharge' },
  { type: 'SETPOINT_MOVING' },
  { type: 'SETPOINT_REACHED' },
  { type: 'SETPOINT_LIMITED' },
  { type: 'STOP' },
  { type: 'HELD' },
  { type: 'ESTOP' },
  { type: 'ESTOP_RESET' },
  { type: 'TRIP', cause: 'hot' },
  { type: 'TRIP_RESET' },
  { type: 'FAULT', cause: 'arc' },
  { type: 'FAULT', cause: 'smoke' },
  { type: 'MAINTENANCE_ON', tag: 't' },
  { type: 'MAINTENANCE_OFF' },
];

const estopInputs: readonly EstopInput[] = [
  { epoch: 5, latched: false, mode: 'two_person' },
  { epoch: 5, latched: true, mode: 'two_person' },
  { epoch: 5, latched: true, mode: 'local_one_person' },
];
const estopEvents: readonly EstopEvent[] = [
  { type: 'ENGAGE' },
  { type: 'STOPPED' },
  { type: 'RESET', by: 'ana', permitted: true },
  { type: 'RESET', by: 'ben', permitted: true },
  { type: 'RESET', by: 'ben', permitted: false },
];

export const SUBJECTS: readonly Subject[] = [
  {
    name: 'connection',
    file: 'machines/device/connection.machine.ts',
    machine: connectionMachine,
    inputs: [connectionInput],
    events: connectionEvents,
    ends: [
      { how: 'done' },
      { how: 'error', error: new Fault('TIMEOUT') },
      { how: 'error', error: new Fault('DROPPED_FOR_STOP') },
    ],
    resting: [],
    promises: [],
  },
  {
    name: 'operation',
    file: 'machines/device/operation.machine.ts',
    machine: operationMachine,
    inputs: [operationInput],
    events: operationEvents,
    ends: [],
    // An order ends by its own time, whatever its setpoint does.
    resting: [
      ...['ramping', 'steady', 'limited'].flatMap((setpoint) => [`charging.${setpoint}`, `discharging.${setpoint}`]),
      'standby',
      'fault',
      'tripped',
      'maintenance',
    ],
    promises: [],
  },
  {
    name: 'estop',
    file: 'machines/site/estop.machine.ts',
    machine: estopMachine,
    inputs: estopInputs,
    events: estopEvents,
    ends: [],
    resting: ['armed', 'latched'],
    promises: [],
  },
  ...TELLING,
];

export type AnyEvent = { readonly type: string; readonly [key: string]: unknown };

/** Everything that may happen to a machine: its events, each of its timers, each end of each invoked actor. */
export function alphabetOf(
  { events, ends }: Subject,
  { leaves, invoked }: CompiledMachine<AnyStateMachine>,
): readonly AnyEvent[] {
  const timers = new Set(leaves.flatMap((leaf) => leaf.timers));
  return [
    ...(events as readonly AnyEvent[]),
    ...[...timers].map((type) => ({ type })),
    ...invoked.flatMap((id) => ends.map(({ how, error }) => ({ type: `xstate.${how}.actor.${id}`, error }))),
  ];
}
