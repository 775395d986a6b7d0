/**
 * Commands from outside, as validated at the edge, and their replies. The same schemas serve NATS, HTTP, the Unix
 * socket and the OpenAPI document. Names on the wire are snake_case; `null` and unknown fields are errors.
 */
import { z } from 'zod';
import type { Code } from './faults.ts';
import type { Refusal } from './faults.ts';

const id = z.string().min(1).max(128);
const assetId = z.string().min(1).max(64);
const issuer = z.string().min(1).max(64);
const token = z.string().min(1).max(256);

export const dispatchSchema = z
  .strictObject({
    id,
    asset_id: assetId.optional(),
    site_id: z.string().min(1).max(64).optional(),
    w: z.number().min(-1e9).max(1e9).optional(),
    mw: z.number().min(-1e3).max(1e3).optional(),
    duration_s: z.number().gt(0).max(86_400),
    issuer,
    reference: z.enum(['battery', 'ac']).optional(),
    issued_at: z.iso.datetime().optional(),
    seq: z.int().min(0).optional(),
    sig: z.string().max(512).optional(),
  })
  .superRefine((order, context) => {
    if ((order.w === undefined) === (order.mw === undefined))
      context.addIssue({ code: 'custom', path: ['w'], message: 'exactly one of w and mw' });
    if (order.asset_id === undefined && order.site_id === undefined)
      context.addIssue({ code: 'custom', path: ['asset_id'], message: 'asset_id or site_id' });
  });
export type DispatchRequest = z.output<typeof dispatchSchema>;

export const stopSchema = z.strictObject({ asset_id: assetId.optional(), issuer });
export const estopSchema = z.strictObject({ reason: z.string().min(1).max(256), issuer });
export const resetEstopSchema = z.strictObject({
  issuer,
  token: token.optional(),
  confirmed_safe: z.literal(true),
  cause: z.string().min(1).max(256),
});
export const resetTripSchema = z.strictObject({
  asset_id: assetId,
  issuer,
  token: token.optional(),
  cause: z.string().min(1).max(256),
});
export const maintenanceSchema = z.strictObject({
  asset_id: assetId,
  on: z.boolean(),
  tag: z.string().min(1).max(64),
  reason: z.string().min(1).max(256),
  issuer,
  token: token.optional(),
});
export const acceptFirmwareSchema = z.strictObject({ asset_id: assetId, issuer, token: token.optional() });

/** A commissioning drill on an asset that is tagged out. */
export const drillSchema = z.strictObject({
  asset_id: assetId,
  what: z.literal('deadman'),
  issuer,
  token: token.optional(),
});

/** For a time, gentle charging over the upper limit of the state of charge; the charge itself is ordered as any other. */
export const calibrateSchema = z.strictObject({
  asset_id: assetId,
  duration_s: z.number().min(0).max(14_400).describe('0 ends it'),
  issuer,
  token: token.optional(),
});

export const alarmSchema = z
  .strictObject({
    alarm_id: z.string().min(1).max(160),
    action: z.enum(['ack', 'shelve', 'unshelve']),
    duration_minutes: z.number().gt(0).max(1440).optional(),
    reason: z.string().min(1).max(256).optional(),
    issuer,
  })
  .superRefine(({ action, duration_minutes, reason }, context) => {
    const complain = (path: string): void =>
      context.addIssue({ code: 'custom', path: [path], message: `given, since the action is ${action}` });
    if (action === 'shelve' && duration_minutes === undefined) complain('duration_minutes');
    if (action === 'shelve' && reason === undefined) complain('reason');
  });
export type AlarmCommand = z.output<typeof alarmSchema>;

/** Every request/reply endpoint `bess.<site>.cmd.<name>` with its schema. */
export const COMMANDS = {
  dispatch: dispatchSchema,
  stop: stopSchema,
  estop: estopSchema,
  reset_estop: resetEstopSchema,
  reset_trip: resetTripSchema,
  maintenance: maintenanceSchema,
  accept_firmware: acceptFirmwareSchema,
  drill: drillSchema,
  alarm: alarmSchema,
  calibrate: calibrateSchema,
} as const;
export type CommandName = keyof typeof COMMANDS;

/** How a command came in. Only `socket` is a person at the machine. */
export type Origin = 'nats' | 'http' | 'socket';

/** A command on its way to control. The token itself stays north: control sees its SHA-256 (64 hex digits). */
export type SiteCommand =
  | { readonly name: 'status' }
  | { readonly name: 'dispatch'; readonly body: DispatchRequest }
  | { readonly name: 'alarm'; readonly body: AlarmCommand }
  | { readonly name: 'stop'; readonly body: z.output<typeof stopSchema> }
  | { readonly name: 'estop'; readonly body: z.output<typeof estopSchema> }
  | { readonly name: 'reset_estop'; readonly body: Untokened<typeof resetEstopSchema> }
  | { readonly name: 'reset_trip'; readonly body: Untokened<typeof resetTripSchema> }
  | { readonly name: 'maintenance'; readonly body: Untokened<typeof maintenanceSchema> }
  | { readonly name: 'accept_firmware'; readonly body: Untokened<typeof acceptFirmwareSchema> }
  | { readonly name: 'drill'; readonly body: Untokened<typeof drillSchema> }
  | { readonly name: 'calibrate'; readonly body: Untokened<typeof calibrateSchema> };
type Untokened<S extends z.ZodType> = Omit<z.output<S>, 'token'> & { readonly tokenSha256?: string };

export type Reply<T = unknown> = ({ readonly ok: true; readonly data: T } | Refusal) & {
  /** Of a command that is traced; its events and log lines have the same. */
  readonly trace_id?: string;
};

/** Why an asset got less than its share of an order. */
export type ShareReason = Code | string;

export type AssetShare = {
  readonly asset_id: string;
  readonly raw_w: number;
  readonly final_w: number;
  readonly written_w: number | null;
  readonly reasons: readonly ShareReason[];
};

export type DispatchReply = {
  readonly id: string;
  readonly status: 'accepted' | 'clamped';
  readonly requested_w: number;
  readonly applied_w: number;
  readonly residual_w: number;
  readonly expires_at: string;
  readonly precedence: 'asset' | 'site';
  readonly assets: readonly AssetShare[];
};

export type EstopReply = {
  readonly written: readonly string[];
  readonly zero: readonly string[];
  readonly unconfirmed: readonly string[];
  readonly refused: readonly string[];
  readonly latched: 'disk' | 'memory';
};
