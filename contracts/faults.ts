/**
 * Every code that bessd answers or throws with, in one table; codes are stable and never reused.
 *
 * A *fault* is the outside world breaking: thrown as a `Fault` with one of these codes and its `cause`.
 * A *refusal* is the answer "no": returned as a value with one of these codes. A *defect* is our own bug: never caught.
 */

export const CODES = {
  // Refusals of commands (contract: replies of NATS and HTTP)
  BAD_REQUEST: 'the request does not have the demanded form',
  UNKNOWN_ASSET: 'no asset of this site has that id',
  EXPIRED: 'the order ended before it arrived',
  REPLAYED: 'a higher sequence number of this issuer was already carried out',
  ID_CONFLICT: 'the same id was used before with other content',
  ESTOP_LATCHED: 'the emergency stop of the site is latched',
  TRIPPED: 'the asset is tripped',
  NO_PERMIT: 'the guard has given no live permit for this asset',
  LIMIT: 'a limit leaves no power in this direction',
  STALE: 'the telemetry of the asset is too old',
  LINK_DOWN: 'there is no proven connection to the device',
  READ_ONLY: 'the site or the asset is read-only',
  SHADOW: 'the asset is in shadow mode: decisions are computed, never written',
  LOCAL: 'the device is under local control',
  MAINTENANCE: 'the asset is tagged out for maintenance',
  NOT_AUTHORISED: 'this issuer may not do that',
  WRITE_BUDGET: 'the write budget of a register would be exceeded',
  RATE_LIMITED: 'too many requests in too short a time',
  NO_SETPOINT: 'the device can be stopped, but its power cannot be set',
  NOT_KEPT: 'the id of the order cannot be kept on the disk, so it could act twice',
  UNKNOWN_ALARM: 'no such alarm stands or waits for somebody',
  NOT_SHELVABLE: 'an alarm of this severity is not shelved',
  NOT_READY: 'the part that answers this is not ready yet',
  NOT_LATCHED: 'there is no latch to reset',
  CAUSE_STANDS: 'the cause of the stop is still there',
  DEVICE_REFUSED: 'the device refused the write',
  CONTROL_SILENT: 'the control thread did not answer in time',
  RECORD_UNAVAILABLE: 'the record cannot be read now',

  // Reasons of the door `mayWrite`
  NO_LEASE: 'this incarnation of the driver is no longer the owner of the device',
  NO_IDENTITY: 'the identity of the device is not proven on this connection',
  STALE_EPOCH: 'the order or permit is older than the last emergency stop',
  PERMIT_LAPSED: 'the permit expired',
  OVER_PERMIT: 'the power is more than the permit allows',
  ORDER_ENDED: 'the order has expired',
  SUPERSEDED: 'a newer order took its place',
  RESTARTED: 'bessd was restarted while it was under way; no order is revived',
  STOPPED: 'a stop ended it',
  WRITE_INTERVAL: 'the device was written to a moment ago',
  FIRMWARE_CHANGED: 'the firmware changed and nobody has accepted it',
  FOREIGN_CONTROL: 'somebody else keeps changing the registers of the device',
  SCALE_UNPROVEN: 'the scale factor of the value was not read directly before the write',
  ORIGINALS_UNSAVED: 'the values found in persistent registers are not saved yet',

  // Faults of links and devices
  CONNECT_FAILED: 'the connection could not be opened',
  CONNECTION_CLOSED: 'the other side closed the connection',
  TIMEOUT: 'no answer in time',
  BAD_FRAME: 'the answer is not a valid frame for the request',
  DEVICE_EXCEPTION: 'the device answered with a Modbus exception',
  WRONG_IDENTITY: 'another device than the configured one answered',
  MODEL_MISSING: 'the device lacks a model or point that its profile needs',
  SCALE_CHANGED: 'a scale factor of the device is another one than when the connection was made',
  DRILL_SILENCE: 'the connection was cut for a drill of the dead-man',
  DROPPED_FOR_STOP: 'the connection was dropped so that a stop need not wait',
  NOT_FOLLOWING: 'the register took the value but the measured power did not follow',

  // Faults of configuration (exit code 2)
  CONFIG_INVALID: 'a configuration file or variable is invalid',
  FILE_UNREADABLE: 'a file cannot be read',

  // Faults of supervision
  RESTART_INTENSITY: 'a supervisor gave up after too many restarts',
  CHILD_EXITED: 'a supervised thread or process ended',
  CHILD_SILENT: 'a supervised thread or process stopped answering',
  MAILBOX_FULL: 'the mailbox is full',
} as const;

export type Code = keyof typeof CODES;

/** The outside world broke. `code` is stable; the message is for people. */
export class Fault extends Error {
  readonly code: Code;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(
    code: Code,
    message: string = CODES[code],
    options?: ErrorOptions & { details?: Record<string, unknown> },
  ) {
    super(message, options);
    this.name = 'Fault';
    this.code = code;
    this.details = options?.details;
  }
}

/** A "no" with its reason: a value, never thrown. */
export type Refusal = { readonly ok: false; readonly code: Code; readonly message: string; readonly details?: unknown };

export function refusal(code: Code, message: string = CODES[code], details?: unknown): Refusal {
  return details === undefined ? { ok: false, code, message } : { ok: false, code, message, details };
}

/** The code of a fault, or CONNECTION_CLOSED-like fallback for what is not one of ours. */
export function codeOf(error: unknown, fallback: Code): Code {
  return error instanceof Fault ? error.code : fallback;
}
