/**
 * Operation machine: what may this battery be doing right now?
 *
 *   standby ──ORDER──▶ charging | discharging ──ORDER_ENDED──▶ standby
 *      ▲                        │ STOP
 *      └────────HELD──────── stopping
 *
 * Within charging and discharging the setpoint is `ramping` towards the order, `steady` at it, or `limited`: all that the
 * permit allows, near full, near empty, in the cold, by the device. Nothing is decided by which of them it is; people see it.
 *
 * FAULT, TRIP, ESTOP and MAINTENANCE_ON lead from every state to fault, tripped and maintenance. E-stop and trip are two
 * latches of the one state `tripped`: it is left only when both are gone. A reset starts nothing: it leads to standby, or
 * to the fault that the device reported meanwhile.
 * Invariant: only states with the tag `powered` may cause a power write for an order.
 */
import { assign, setup } from 'xstate';
import type { StateValueFrom } from 'xstate';
import type { OperationContext, OperationEvent, OperationInput } from '../../contracts/operation.ts';
import type { OperationState, SetpointState } from '../../contracts/telemetry.ts';

type OperationTypes = {
  input: OperationInput;
  context: OperationContext;
  events: OperationEvent;
  tags: 'acceptsOrders' | 'powered' | 'latched';
};

/** How the setpoint stands; who tells it is the driver, after every write and every poll. */
const SETPOINT = { ramping: {}, steady: {}, limited: {} };

export const operationMachine = setup({
  types: {} as OperationTypes,
  delays: { stopTimeout: ({ context }) => context.stopTimeoutMs },
  guards: {
    charges: ({ event }) => event.type === 'ORDER' && event.order.w < 0,
    endsTheOrder: ({ context, event }) => event.type === 'ORDER_ENDED' && event.id === context.order?.id,
    estopLeft: ({ context }) => context.estopped,
    tripLeft: ({ context }) => context.trip !== undefined,
    faultLeft: ({ context }) => context.fault !== undefined,
    latchLeft: ({ context }) => context.estopped || context.trip !== undefined,
  },
  actions: {
    takeOrder: assign(({ event }) => (event.type === 'ORDER' ? { order: event.order, holding: false } : {})),
    dropOrder: assign({ order: undefined }),
    holdFromNow: assign({ holding: true }),
    rememberEstop: assign({ estopped: true, order: undefined, holding: true }),
    rememberTrip: assign(({ event }) =>
      event.type === 'TRIP' ? { trip: event.cause, order: undefined, holding: true } : {},
    ),
    rememberFault: assign(({ event }) =>
      event.type === 'FAULT' ? { fault: event.cause, order: undefined, holding: true } : {},
    ),
    rememberMaintenance: assign(({ event }) =>
      event.type === 'MAINTENANCE_ON' ? { maintenance: event.tag, order: undefined, holding: true } : {},
    ),
    clearEstop: assign({ estopped: false }),
    clearTrip: assign({ trip: undefined, fault: undefined }),
    clearMaintenance: assign({ maintenance: undefined }),
  },
}).createMachine({
  id: 'operation',
  context: ({ input }) => ({
    ...input,
    order: undefined,
    holding: false,
    estopped: false,
    trip: undefined,
    fault: undefined,
    maintenance: undefined,
  }),
  initial: 'standby',
  on: {
    ESTOP: { target: '.tripped', actions: 'rememberEstop' },
    TRIP: { target: '.tripped', actions: 'rememberTrip' },
    FAULT: { target: '.fault', actions: 'rememberFault' },
    MAINTENANCE_ON: { target: '.maintenance', actions: 'rememberMaintenance' },
  },
  states: {
    standby: {
      tags: 'acceptsOrders',
      on: {
        ORDER: [
          { guard: 'charges', target: 'charging', actions: 'takeOrder' },
          { target: 'discharging', actions: 'takeOrder' },
        ],
        STOP: { actions: 'holdFromNow' },
      },
    },
    charging: {
      tags: ['acceptsOrders', 'powered'],
      initial: 'ramping',
      states: SETPOINT,
      on: {
        ORDER: [
          { guard: 'charges', target: 'charging', actions: 'takeOrder' },
          { target: 'discharging', actions: 'takeOrder' },
        ],
        ORDER_ENDED: { guard: 'endsTheOrder', target: 'standby', actions: 'dropOrder' },
        SETPOINT_MOVING: '.ramping',
        SETPOINT_REACHED: '.steady',
        SETPOINT_LIMITED: '.limited',
        STOP: 'stopping',
      },
    },
    discharging: {
      tags: ['acceptsOrders', 'powered'],
      initial: 'ramping',
      states: SETPOINT,
      on: {
        ORDER: [
          { guard: 'charges', target: 'charging', actions: 'takeOrder' },
          { target: 'discharging', actions: 'takeOrder' },
        ],
        ORDER_ENDED: { guard: 'endsTheOrder', target: 'standby', actions: 'dropOrder' },
        SETPOINT_MOVING: '.ramping',
        SETPOINT_REACHED: '.steady',
        SETPOINT_LIMITED: '.limited',
        STOP: 'stopping',
      },
    },
    stopping: {
      tags: ['acceptsOrders', 'powered'],
      entry: 'holdFromNow',
      after: { stopTimeout: { target: 'standby', actions: 'dropOrder' } },
      on: {
        ORDER: [
          { guard: 'charges', target: 'charging', actions: 'takeOrder' },
          { target: 'discharging', actions: 'takeOrder' },
        ],
        ORDER_ENDED: { target: 'standby', actions: 'dropOrder' },
        HELD: { target: 'standby', actions: 'dropOrder' },
      },
    },
    fault: {
      on: { FAULT: { actions: 'rememberFault' }, TRIP_RESET: { target: 'standby', actions: 'clearTrip' } },
    },
    tripped: {
      tags: 'latched',
      on: {
        FAULT: { actions: 'rememberFault' },
        ESTOP_RESET: [
          { guard: 'tripLeft', actions: 'clearEstop' },
          { guard: 'faultLeft', target: 'fault', actions: 'clearEstop' },
          { target: 'standby', actions: 'clearEstop' },
        ],
        TRIP_RESET: [
          { guard: 'estopLeft', actions: 'clearTrip' },
          { target: 'standby', actions: 'clearTrip' },
        ],
      },
    },
    maintenance: {
      on: {
        ESTOP: { actions: 'rememberEstop' },
        TRIP: { actions: 'rememberTrip' },
        FAULT: { actions: 'rememberFault' },
        ESTOP_RESET: { actions: 'clearEstop' },
        TRIP_RESET: { actions: 'clearTrip' },
        MAINTENANCE_OFF: [
          { guard: 'latchLeft', target: 'tripped', actions: 'clearMaintenance' },
          { guard: 'faultLeft', target: 'fault', actions: 'clearMaintenance' },
          { target: 'standby', actions: 'clearMaintenance' },
        ],
      },
    },
  },
  options: { maxIterations: 100 },
});

type Value = StateValueFrom<typeof operationMachine>;

export function operationOf(value: Value): OperationState {
  if (typeof value === 'string') return value;
  return 'charging' in value ? 'charging' : 'discharging';
}

/** Undefined where no order is under way. */
export function setpointOf(value: Value): SetpointState | undefined {
  return typeof value === 'string' ? undefined : Object.values(value)[0];
}
