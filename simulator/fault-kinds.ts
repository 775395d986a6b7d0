/**
 * The faults that a simulated device can have, as a fault file and the control socket name them.
 *
 * All last until `clear` or for `forMs`. Those of requests and replies concern reads, writes or both (`on`), at most `count`
 * of them, each with a `chance` that is drawn from the seed of the device.
 */
import { z } from 'zod';
import { SENSOR_NAMES } from './sensors.ts';

const ms = z.number().min(0).max(3_600_000);
const register = z.int().min(0).max(65_535);
const word = z.int().min(0).max(65_535);
const lasting = { forMs: ms.optional() };
const counted = {
  count: z.int().min(1).max(1_000_000).optional(),
  on: z.enum(['read', 'write', 'any']).default('any'),
  chance: z.number().gt(0).max(1).default(1),
  ...lasting,
};
const sensor = { of: z.enum(SENSOR_NAMES), ...lasting };
const signed = z.number().min(-1e9).max(1e9);

const connectionFaults = [
  /** New connections are refused; open ones stay. */
  z.strictObject({ kind: z.literal('refuse'), ...lasting }),
  /** All open connections are reset, once. */
  z.strictObject({ kind: z.literal('reset') }),
  /** A new client throws out the one before, as Huawei's dongle does. */
  z.strictObject({ kind: z.literal('singleClient'), ...lasting }),
] as const;

const requestFaults = [
  /** Connections open, no request is answered or carried out. */
  z.strictObject({ kind: z.literal('silence'), ...lasting }),
  /** The next requests are carried out and answered only after `ms`. */
  z.strictObject({
    kind: z.literal('hang'),
    ms,
    ...counted,
    count: z.int().min(1).default(1),
    on: z.enum(['read', 'write', 'any']).default('read'),
  }),
  /** Every request is carried out and answered after `ms`, and up to `jitterMs` more by chance. */
  z.strictObject({ kind: z.literal('delay'), ms, jitterMs: ms.default(0), ...counted }),
  /** Requests are answered with a Modbus exception, 6 (busy) for example, and not carried out. */
  z.strictObject({
    kind: z.literal('exception'),
    code: z.int().min(1).max(255),
    register: register.optional(),
    ...counted,
  }),
  /** Requests are carried out and their answer is lost. */
  z.strictObject({ kind: z.literal('loseAnswer'), ...counted }),
  /** The first request after each connect gets no answer. */
  z.strictObject({ kind: z.literal('dropFirst'), ...lasting }),
  /** Requests that follow the one before within less than `ms` get no answer. */
  z.strictObject({ kind: z.literal('gap'), ms, ...lasting }),
  /** In the middle of a write the device restarts: nothing, half of the registers or all of them were taken. No answer. */
  z.strictObject({
    kind: z.literal('rebootOnWrite'),
    offlineMs: ms.default(0),
    carries: z.enum(['none', 'half', 'all']).default('all'),
    count: z.int().min(1).default(1),
    register: register.optional(),
    ...lasting,
  }),
  /** Somebody else writes these registers, at once and then every `everyMs`. */
  z.strictObject({
    kind: z.literal('writer'),
    register,
    words: z.array(word).min(1).max(123),
    everyMs: z.number().min(10).max(3_600_000),
    ...lasting,
  }),
] as const;

/** Of the bytes of a reply. On the memory network they are what a transport makes of them. */
const replyFaults = [
  /** One field of the reply is not what it should be. */
  z.strictObject({
    kind: z.literal('wrong'),
    field: z.enum(['transaction', 'protocol', 'unit', 'function', 'length', 'byteCount']),
    ...counted,
  }),
  /** Half of the reply, and nothing more. */
  z.strictObject({ kind: z.literal('half'), ...counted }),
  /** The reply in pieces of so many bytes, `everyMs` apart. */
  z.strictObject({
    kind: z.literal('segments'),
    bytes: z.int().min(1).max(260).default(1),
    everyMs: z.number().min(0).max(10_000).default(1),
    ...counted,
  }),
  /** The connection ends before, in the middle of or behind the reply: by RST or by FIN. */
  z.strictObject({
    kind: z.literal('cut'),
    when: z.enum(['before', 'during', 'after']).default('before'),
    by: z.enum(['rst', 'fin']).default('rst'),
    ...counted,
  }),
  /** The reply is held back until the next one, on whatever connection: in front of it, or in its place under its id. */
  z.strictObject({ kind: z.literal('late'), as: z.enum(['itself', 'fresh']).default('itself'), ...counted }),
  /** The reply comes twice. */
  z.strictObject({ kind: z.literal('twice'), ...counted }),
  /** Bytes behind the reply that belong to nothing. */
  z.strictObject({ kind: z.literal('extra'), bytes: z.int().min(1).max(300).default(4), ...counted }),
] as const;

const sensorFaults = [
  /** Shows for ever what it shows now. */
  z.strictObject({ kind: z.literal('freeze'), ...sensor }),
  /** Shows the marker for "no value", or NaN where registers are floats. */
  z.strictObject({ kind: z.literal('invalid'), ...sensor }),
  /** Is off by so much. */
  z.strictObject({ kind: z.literal('offset'), by: signed, ...sensor }),
  /** Is off by more and more. */
  z.strictObject({ kind: z.literal('drift'), perHour: signed, ...sensor }),
  /** Is off by so much now and then, by chance. */
  z.strictObject({ kind: z.literal('spike'), by: signed, chance: z.number().gt(0).max(1).default(0.1), ...sensor }),
] as const;

export const faultSchema = z.discriminatedUnion('kind', [
  ...connectionFaults,
  ...requestFaults,
  ...replyFaults,
  ...sensorFaults,
]);
export type SimulatedFault = z.output<typeof faultSchema>;
export type SimulatedFaultInput = z.input<typeof faultSchema>;
export type ReplyFault = z.output<(typeof replyFaults)[number]>;
export type SensorFault = z.output<(typeof sensorFaults)[number]>;

const REPLY_KINDS: readonly string[] = replyFaults.map(({ shape }) => shape.kind.value);
const SENSOR_KINDS: readonly string[] = sensorFaults.map(({ shape }) => shape.kind.value);

export function isReplyFault(fault: SimulatedFault): fault is ReplyFault {
  return REPLY_KINDS.includes(fault.kind);
}

export function isSensorFault(fault: SimulatedFault): fault is SensorFault {
  return SENSOR_KINDS.includes(fault.kind);
}
