/** Tells the operation machine how the setpoint of the order under way stands, whenever that changes. */
import type { OperationEvent } from '../../contracts/operation.ts';
import type { SetpointState } from '../../contracts/telemetry.ts';
import { setpointState } from '../../machines/device/posture.ts';
import type { Cockpit } from './cockpit.ts';
import { updateBoard } from './reporting.ts';
import { setpointOf, situationOf } from './situation.ts';

const TOLD = {
  ramping: { type: 'SETPOINT_MOVING' },
  steady: { type: 'SETPOINT_REACHED' },
  limited: { type: 'SETPOINT_LIMITED' },
} as const satisfies Record<SetpointState, OperationEvent>;

/** Called when nothing is left to be written for now. */
export function noteSetpoint(cockpit: Cockpit): void {
  const before = setpointOf(cockpit);
  if (before === undefined) return;
  const situation = situationOf(cockpit);
  const { order } = situation.context;
  const now = order && setpointState(situation, order);
  if (now === undefined || now === before) return;
  cockpit.operation?.send(TOLD[now]);
  updateBoard(cockpit);
}
