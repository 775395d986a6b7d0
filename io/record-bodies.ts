/** From the rows of the record back to what was reported, for a stretch of numbers at once. */
import type { DatabaseSync } from 'node:sqlite';
import type { Envelope, Stretch } from '../contracts/uplink.ts';
import type { RecordClass } from './record-buffer.ts';
import { QUALITIES } from './record-schema.ts';

type Content<Kind extends Envelope['kind']> = Pick<Extract<Envelope, { kind: Kind }>, 'kind' | 'body'>;
export type Body = { readonly n: number; readonly ts: number; readonly assetId: string | undefined } & (
  | Content<'telemetry'>
  | Content<'event'>
  | Content<'alarm'>
  | Content<'audit'>
);
type UnitOf = (asset: string, point: string) => string;
type Row = readonly (number | string | null)[];

/** In order of their numbers. */
export function readBodies(db: DatabaseSync, kind: RecordClass, stretch: Stretch, unitOf: UnitOf): readonly Body[] {
  switch (kind) {
    case 'telemetry':
      return frames(db, stretch, unitOf);
    case 'events':
      return [...events(db, stretch), ...alarms(db, stretch)].toSorted((a, b) => a.n - b.n);
    case 'audit':
      return audit(db, stretch);
  }
}

function frames(db: DatabaseSync, { from, to }: Stretch, unitOf: UnitOf): readonly Body[] {
  const rows = all(
    db,
    `SELECT n, ts, asset, seq, quality, connection, operation, inverter, permit, limits_hash
     FROM frames WHERE n BETWEEN ? AND ? ORDER BY n`,
    from,
    to,
  );
  const values = new Map<number, Content<'telemetry'>['body']['values']>();
  for (const asset of new Set(rows.map((row) => String(row[2])))) {
    const times = rows.filter((row) => row[2] === asset).map((row) => Number(row[1]));
    const span = { fromMs: Math.min(...times), toMs: Math.max(...times), from, to };
    readValues(db, asset, span, values, unitOf);
  }
  return rows.map(([n, ts, asset, seq, quality, connection, operation, inverter, permit, limits]) => ({
    kind: 'telemetry' as const,
    n: Number(n),
    ts: Number(ts),
    assetId: String(asset),
    body: {
      poll: Number(seq),
      quality: gradeOf(quality),
      connection: String(connection),
      operation: String(operation),
      inverter: inverter === null ? null : String(inverter),
      permit: JSON.parse(String(permit)) as Content<'telemetry'>['body']['permit'],
      limits_hash: String(limits),
      values: values.get(Number(n)) ?? {},
    },
  }));
}

type Span = Stretch & { readonly fromMs: number; readonly toMs: number };

/** Series by series, since that is how the rows lie on the disk. */
function readValues(
  db: DatabaseSync,
  asset: string,
  { fromMs, toMs, from, to }: Span,
  into: Map<number, Content<'telemetry'>['body']['values']>,
  unitOf: UnitOf,
): void {
  const samples = db.prepare(
    'SELECT n, num, txt, quality FROM samples WHERE series = ? AND ts BETWEEN ? AND ? AND n BETWEEN ? AND ?',
  );
  samples.setReturnArrays(true);
  for (const [series, name] of all(db, 'SELECT id, point FROM series WHERE asset = ?', asset)) {
    const point = String(name);
    const unit = unitOf(asset, point);
    const rows = samples.all(Number(series), fromMs, toMs, from, to) as unknown as readonly Row[];
    for (const [n, num, txt, quality] of rows) {
      let values = into.get(Number(n));
      if (values === undefined) into.set(Number(n), (values = {}));
      values[point] = { value: num ?? txt ?? null, unit, quality: gradeOf(quality) };
    }
  }
}

function events(db: DatabaseSync, { from, to }: Stretch): readonly Body[] {
  const rows = all(db, 'SELECT n, ts, asset, body FROM events WHERE n BETWEEN ? AND ?', from, to);
  return rows.map(([n, ts, asset, body]) => ({
    kind: 'event' as const,
    n: Number(n),
    ts: Number(ts),
    assetId: asset === null ? undefined : String(asset),
    body: JSON.parse(String(body)) as Content<'event'>['body'],
  }));
}

function alarms(db: DatabaseSync, { from, to }: Stretch): readonly Body[] {
  const columns = 'n, ts, asset, alarm_id, severity, state, message';
  const rows = all(db, `SELECT ${columns} FROM alarms WHERE n BETWEEN ? AND ?`, from, to);
  return rows.map(([n, ts, asset, alarm, severity, state, message]) => ({
    kind: 'alarm' as const,
    n: Number(n),
    ts: Number(ts),
    assetId: asset === null ? undefined : String(asset),
    body: { alarm_id: String(alarm), severity: String(severity), state: String(state), message: String(message) },
  }));
}

function audit(db: DatabaseSync, { from, to }: Stretch): readonly Body[] {
  const rows = all(db, 'SELECT n, ts, body, hash FROM audit WHERE n BETWEEN ? AND ? ORDER BY n', from, to);
  return rows.map(([n, ts, body, hash]) => ({
    kind: 'audit' as const,
    n: Number(n),
    ts: Number(ts),
    assetId: (JSON.parse(String(body)) as { asset_id?: string }).asset_id,
    body: { entry: String(body), hash: String(hash) },
  }));
}

function all(db: DatabaseSync, sql: string, ...values: (number | string)[]): readonly Row[] {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  return statement.all(...values) as unknown as readonly Row[];
}

function gradeOf(quality: unknown): (typeof QUALITIES)[number] {
  return QUALITIES[Number(quality)] ?? 'suspect';
}
