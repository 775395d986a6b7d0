/**
 * The site file: assets, limits, grid, operators, outside interfaces. Unknown keys are errors.
 *
 * Units as named in the keys. Defaults that depend on the profile (`idle`, `onExit`) stay `undefined` here.
 */
import { z } from 'zod';
import { deviceLinkSchema, placeOf } from './device-link.ts';
import { uplinkSchema } from './uplink.ts';

const subjectToken = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, 'letters, digits, "_" and "-" (one NATS subject token, at most 64)');
const watts = z.number().min(0).max(1e9);
const port = z.int().min(1).max(65_535);
const idle = z.enum(['hold', 'release']);

/** A device that is only read. */
const instrumentShape = {
  profile: z.string().min(1),
  modbus: deviceLinkSchema,
  /** Must match the device, where given. */
  serial: z.string().min(1).optional(),
  /** Installed parts, where they differ from the profile's default. */
  parts: z.array(z.string()).optional(),
};

export const assetSchema = z.strictObject({
  id: subjectToken,
  profile: z.string().min(1),
  modbus: deviceLinkSchema,
  /** A battery management system of its own beside the inverter; the guard takes the worst of both. */
  bms: z
    .strictObject({
      ...instrumentShape,
      /** Its `estop` sequence may be written when an E-stop or a trip of the asset has no effect. */
      allowDisconnect: z.boolean().default(false),
    })
    .optional(),
  capacityWh: z.number().positive().max(1e9),
  maxChargePowerW: watts,
  maxDischargePowerW: watts,
  /** AC round trip, 0..1. */
  efficiency: z.number().gt(0.3).max(1).default(0.9),
  rampRateWPerS: z.number().positive().default(1e6),
  minPowerW: watts.default(0),
  reserveSocPct: z.number().min(0).max(100).default(0),
  idle: idle.optional(),
  onExit: idle.optional(),
  authority: z.enum(['exclusive', 'shared']).default('exclusive'),
  /** Default: half of the smaller rating. */
  unprovenDeadmanMaxW: watts.optional(),
  /** Must match the device, where given. */
  serial: z.string().min(1).optional(),
  allowShutdown: z.boolean().default(false),
  shadow: z.boolean().default(false),
  readOnly: z.boolean().default(false),
  /** Installed parts, where they differ from the profile's default. */
  parts: z.array(z.string()).optional(),
});
export type AssetConfig = z.output<typeof assetSchema>;

/** A meter of its own, as at the point of common coupling. */
export const meterSchema = z.strictObject({ id: subjectToken, ...instrumentShape });
export type MeterConfig = z.output<typeof meterSchema>;

export const operatorSchema = z.strictObject({
  name: z.string().min(1).max(64),
  role: z.enum(['viewer', 'operator', 'technician', 'engineer', 'admin']),
  tokenSha256: z.string().regex(/^[0-9a-f]{64}$/, 'the SHA-256 of the token, 64 lower-case hex digits'),
  /** Ed25519; as soon as one operator has one, every order must be signed by its issuer. */
  publicKey: z
    .string()
    .regex(/^[A-Za-z0-9+/]{43}=$/, 'the 32 bytes of an Ed25519 public key in base64')
    .optional(),
});

export const siteSchema = z
  .strictObject({
    site: z.strictObject({
      id: subjectToken,
      name: z.string().default(''),
      timezone: z.string().default('UTC').refine(isTimezone, 'an IANA time zone, such as America/Santiago'),
    }),
    assets: z.array(assetSchema).min(1),
    meters: z.array(meterSchema).default([]),
    pollIntervalMs: z.int().min(100).max(60_000).default(1000),
    /** Name in profiles/limits/, or a path. */
    limits: z.string().default('lfp'),
    grid: z
      .strictObject({
        maxImportW: watts.optional(),
        maxExportW: watts.optional(),
        /** Meter, or asset, that measures the point of common coupling. */
        meter: z.string().optional(),
        meterLostMaxW: watts.default(0),
        voltagePct: z.tuple([z.number().min(50).max(100), z.number().min(100).max(130)]).default([85, 110]),
        frequencyHz: z.tuple([z.number().min(40).max(60), z.number().min(50).max(70)]).default([47.5, 51.5]),
      })
      .prefault({}),
    readOnly: z.boolean().default(false),
    nats: z.strictObject({ url: z.string().regex(/^(nats|tls|wss?):\/\//, 'a nats:// or tls:// address') }).optional(),
    http: z.strictObject({ host: z.string().default('127.0.0.1'), port: port.default(8000) }).prefault({}),
    operators: z.array(operatorSchema).default([]),
    estop: z.strictObject({ reset: z.enum(['two_person', 'local_one_person']).optional() }).prefault({}),
    /** The process that stops the devices when bessd hangs or is killed. */
    stopper: z.strictObject({ enabled: z.boolean().default(true) }).prefault({}),
    record: z
      .strictObject({
        keepDays: z.number().positive().max(3650).default(30),
        maxBytes: z.number().int().min(1_000_000).default(2_000_000_000),
      })
      .prefault({}),
    /** Commands are always traced where a collector is named (`OTEL_EXPORTER_OTLP_ENDPOINT`); of the polls this share. */
    traces: z.strictObject({ pollRatio: z.number().min(0).max(1).default(0.001) }).prefault({}),
    /** Without a delivery of any uplink for so long, s, the site says that it is on its own. */
    autonomousAfterS: z.number().min(1).max(86_400).default(300),
    /** Where the record is copied to. */
    uplinks: z.array(uplinkSchema).default([]),
  })
  .superRefine((site, context) => {
    const complain = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message });
    const uplinkIds = new Set(site.uplinks.map(({ id }) => id));
    if (uplinkIds.size < site.uplinks.length) complain(['uplinks'], 'an id that no other uplink has');
    const seen = new Set<string>();
    const addresses = new Map<string, string>();
    for (const { id, path, modbus: link } of devicesOf(site)) {
      if (seen.has(id)) complain(path, `an id that no other device has ("${id}" stands twice)`);
      seen.add(id);
      const address = `${placeOf(link)} unit ${link.unitId ?? 'default'}`;
      const other = addresses.get(address);
      // Two drivers on one device would command it against each other.
      if (other !== undefined) complain([...path, 'modbus'], `a device of its own (${address} is ${other} already)`);
      addresses.set(address, id);
    }
    const measuring = [...site.meters, ...site.assets].map(({ id }) => id);
    if (site.grid.meter !== undefined && !measuring.includes(site.grid.meter))
      complain(['grid', 'meter'], `the id of a meter or an asset of this site (${measuring.join(', ')})`);
    if ((site.grid.maxImportW ?? site.grid.maxExportW) !== undefined && site.grid.meter === undefined)
      complain(['grid', 'meter'], 'what measures the grid connection, since maxImportW or maxExportW is set');
    if (site.estop.reset === 'two_person' && site.operators.length < 2)
      complain(['operators'], 'at least two operators, since estop.reset is two_person');
    const names = new Set(site.operators.map((operator) => operator.name));
    if (names.size < site.operators.length) complain(['operators'], 'a name that no other operator has');
    const tokens = new Set(site.operators.map((operator) => operator.tokenSha256));
    if (tokens.size < site.operators.length) complain(['operators'], 'a token that no other operator has');
    if (!['127.0.0.1', '::1', 'localhost'].includes(site.http.host))
      complain(
        ['http', 'host'],
        'a loopback address (127.0.0.1, ::1 or localhost): there is no TLS and no login on this interface, put a reverse proxy before it',
      );
  });
export type SiteConfig = z.output<typeof siteSchema>;

/** Every field device of a site with its place in the site file: assets, their battery management systems, meters. */
export function devicesOf({
  assets,
  meters,
}: {
  readonly assets: readonly AssetConfig[];
  readonly meters: readonly MeterConfig[];
}): readonly (Device & { readonly path: (string | number)[] })[] {
  return [
    ...assets.flatMap((asset, at) => [
      { ...asset, path: ['assets', at] },
      ...(asset.bms ? [{ ...asset.bms, id: bmsIdOf(asset), path: ['assets', at, 'bms'] }] : []),
    ]),
    ...meters.map((meter, at) => ({ ...meter, path: ['meters', at] })),
  ];
}
type Device = Pick<MeterConfig, 'id' | 'profile' | 'modbus'>;

/** The name of the battery management system of an asset, as in telemetry and alarms. */
export function bmsIdOf({ id }: Pick<AssetConfig, 'id'>): string {
  return `${id}-bms`;
}

/** Two-person reset is the default as soon as two operators exist. */
export function resetMode(site: Pick<SiteConfig, 'operators' | 'estop'>): 'two_person' | 'local_one_person' {
  return site.estop.reset ?? (site.operators.length >= 2 ? 'two_person' : 'local_one_person');
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
