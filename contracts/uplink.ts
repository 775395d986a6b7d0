/**
 * What goes up: the envelope of a recorded report, the settings of an uplink, the port of its target, its cursor.
 *
 * `message_id` is the same however often a message is sent, so whoever receives it removes duplicates by it; `seq` counts
 * from 1 within `record_id`, without a hole, so a missing number is a gap.
 */
import { z } from 'zod';

export const ENVELOPE_VERSION = 1;

const quality = z.enum(['good', 'stale', 'suspect', 'missing']);
const time = z.iso.datetime();
const head = {
  schema_version: z.literal(ENVELOPE_VERSION),
  /** `<record_id>:<seq>`. */
  message_id: z.string(),
  site_id: z.string(),
  /** The stream of the record; another one after a damaged file was set aside. */
  record_id: z.string(),
  seq: z.int().min(1),
  /** When it was measured or happened, by the clock of the site. */
  ts: time,
  /** When it was sent this time. */
  sent_ts: time,
  asset_id: z.string().nullable(),
};

export const envelopeSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...head,
    kind: z.literal('telemetry'),
    body: z.strictObject({
      /** Counts the polls of the device since bessd started. */
      poll: z.int(),
      quality,
      connection: z.string(),
      operation: z.string(),
      inverter: z.string().nullable(),
      permit: z.object({ max_charge_w: z.number(), max_discharge_w: z.number(), reasons: z.array(z.string()) }),
      limits_hash: z.string(),
      /** `null` is missing; powers are positive when discharging, at the grid meter when importing. */
      values: z.record(
        z.string(),
        z.strictObject({ value: z.union([z.number(), z.string(), z.null()]), unit: z.string(), quality }),
      ),
    }),
  }),
  z.strictObject({ ...head, kind: z.literal('event'), body: z.looseObject({ kind: z.string() }) }),
  z.strictObject({
    ...head,
    kind: z.literal('alarm'),
    body: z.strictObject({ alarm_id: z.string(), severity: z.string(), state: z.string(), message: z.string() }),
  }),
  z.strictObject({
    ...head,
    kind: z.literal('audit'),
    /** The link of the hash chain: SHA-256 of the previous hash, a newline and `entry`. */
    body: z.strictObject({ entry: z.string(), hash: z.string().regex(/^[0-9a-f]{64}$/) }),
  }),
]);
export type Envelope = z.output<typeof envelopeSchema>;

const id = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, "_" and "-" (at most 64)');
const file = z.string().min(1).optional();
const common = {
  id,
  /** Messages per second, live and backlog together. */
  maxPerSecond: z.number().min(1).max(100_000).default(5000),
  /** Messages that are sent before an acknowledgement is waited for, at most; a slow link gets fewer of the backlog. */
  batch: z.int().min(1).max(1000).default(500),
};

export const uplinkSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    ...common,
    kind: z.literal('nats'),
    url: z.string().regex(/^(nats|tls|wss?):\/\//, 'a nats:// or tls:// address'),
    /** Made with these limits when the server does not have it. */
    stream: id.default('BESSD'),
    maxBytes: z.int().min(1_000_000).default(10_000_000_000),
    maxAgeHours: z.number().positive().default(168),
  }),
  z.strictObject({
    ...common,
    kind: z.literal('mqtt'),
    url: z.string().refine(mayBePlain, 'an mqtts:// address (mqtt:// only on this machine)'),
    version: z.enum(['3.1.1', '5']).default('5'),
    username: z.string().min(1).optional(),
    /** Files, so that no secret stands in the site file. */
    passwordFile: file,
    caFile: file,
    certFile: file,
    keyFile: file,
  }),
  z.strictObject({
    ...common,
    kind: z.literal('pubsub'),
    projectId: z.string().min(1),
    topic: z.string().min(1),
  }),
]);
export type UplinkConfig = z.output<typeof uplinkSchema>;

/** One message as a target sends it. */
export type UplinkMessage = {
  readonly id: string;
  readonly siteId: string;
  readonly kind: Envelope['kind'];
  /** Kind of an event, such as `trip`. */
  readonly eventKind: string | undefined;
  readonly assetId: string | undefined;
  readonly text: string;
};

/** The other side. */
export type UplinkTarget = AsyncDisposable & {
  /** Resolves when every message is acknowledged; throws a fault when one is not, and then the link is given up. */
  readonly publish: (messages: readonly UplinkMessage[], signal: AbortSignal) => Promise<void>;
};
export type OpenTarget = (signal: AbortSignal) => Promise<UplinkTarget>;

/** A stretch of one stream, both ends included. */
export type Stretch = { readonly from: number; readonly to: number };

export type StreamHead = Stretch & { readonly streamId: string; readonly kind: 'telemetry' | 'events' | 'audit' };

/** The record as the uplinks read it. */
export type Outbox = Disposable & {
  /** What there is of every stream, oldest stream first. */
  readonly heads: () => readonly StreamHead[];
  readonly read: (streamId: string, stretch: Stretch) => readonly UplinkMessage[];
};

export const cursorSchema = z.strictObject({
  version: z.literal(1),
  /** By stream: everything up to `upTo` is acknowledged, and the stretches `ahead` of it. */
  streams: z.record(
    z.string(),
    z.strictObject({
      upTo: z.int().min(0),
      ahead: z.array(z.strictObject({ from: z.int().min(1), to: z.int().min(1) })),
    }),
  ),
});
export type Cursor = z.output<typeof cursorSchema>;
export type StreamCursor = Cursor['streams'][string];

function mayBePlain(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'mqtts:' || (protocol === 'mqtt:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname));
}
