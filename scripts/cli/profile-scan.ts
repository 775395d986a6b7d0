/** `bessd profile scan`: which SunSpec models a device has, and what stands in them. Reads only. */
import { Command, InvalidArgumentError } from 'commander';
import { writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import path from 'node:path';
import { Fault } from '../../contracts/faults.ts';
import type { RawSunspecModel, SunspecModel, SunspecPoint, SunspecValue } from '../../contracts/sunspec.ts';
import { openModbusTcp } from '../../io/modbus-tcp.ts';
import { loadSunspecModel } from '../../io/sunspec-models.ts';
import { scanSunspec } from '../../io/sunspec-scan.ts';
import type { SunspecScan } from '../../io/sunspec-scan.ts';
import { decodeModel } from '../../machines/sunspec/decode.ts';
import type { DecodedPoint } from '../../machines/sunspec/decode.ts';
import { systemClock } from '../../supervisor/clock.ts';
import { json, painted, table } from './output.ts';
import { startingProfile } from './starting-profile.ts';

type Target = { readonly host: string; readonly port: number };
type ScanOptions = { readonly unit: number; readonly json?: boolean; readonly write?: string };
type Model = RawSunspecModel & {
  readonly definition: SunspecModel | undefined;
  readonly points: readonly DecodedPoint[];
};

const MODBUS_PORT = 502;
const TIMEOUT_MS = 3000;

export function scanCommand(): Command {
  return new Command('scan')
    .description('discover a SunSpec device: its models and their values')
    .argument('<host[:port]>', 'address of the device; port 502 unless given', target)
    .option('--unit <id>', 'Modbus unit id', unitId, 1)
    .option('--json', 'print base and models as JSON')
    .option('--write <file.json>', 'write a starting profile for this device', profileFile)
    .action(scan);
}

async function scan(device: Target, { unit, json: asJson, write }: ScanOptions): Promise<void> {
  const found = await scanned(device, unit);
  for (const remark of found.remarks) console.error(`${painted('yellow', 'warning', process.stderr)}  ${remark}`);
  const models = found.models.map(decoded);
  console.log(asJson ? json(forMachines(found.base, models)) : forPeople(found.base, models));
  if (write !== undefined) writeStartingProfile(write, found.models);
}

/** Never over a file that is there: somebody may have worked on it. */
function writeStartingProfile(file: string, models: readonly RawSunspecModel[]): void {
  const { profile, control, remarks } = startingProfile(path.basename(file, '.json'), models);
  try {
    writeFileSync(file, `${JSON.stringify(profile, undefined, 2)}\n`, { flag: 'wx' });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Fault('FILE_UNREADABLE', `${file} cannot be written: ${reason}`, { cause: error });
  }
  for (const remark of remarks) console.error(`${painted('yellow', 'warning', process.stderr)}  ${remark}`);
  console.error(`${file}: ${Object.keys(profile.points).length} points, control: ${control}`);
}

function profileFile(text: string): string {
  if (/^[a-z0-9-]+\.json$/.test(path.basename(text))) return text;
  throw new InvalidArgumentError('Expected a name of lower-case letters, digits and "-", such as my-battery.json.');
}

async function scanned({ host, port }: Target, unitId: number): Promise<SunspecScan> {
  const address = { host, port, unitId, timeoutMs: TIMEOUT_MS, requestGapMs: 0 };
  const link = await openModbusTcp(systemClock)(address, new AbortController().signal);
  try {
    return await scanSunspec(link);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'TIMEOUT') throw error;
    const message = `${host}:${port} is connected, but unit ${unitId}: ${error.message}; is it the right one (--unit)?`;
    throw new Fault('TIMEOUT', message, { cause: error });
  } finally {
    link.drop('close');
  }
}

function decoded(raw: RawSunspecModel): Model {
  const definition = loadSunspecModel(raw.id);
  return { ...raw, definition, points: definition ? decodeModel(definition, raw.words) : [] };
}

function forMachines(base: number, models: readonly Model[]): unknown {
  return {
    base,
    models: models.map(({ id, offset, length, points }) => ({
      id,
      offset,
      length,
      points: Object.fromEntries(points.map(({ name, value }) => [name, value])),
    })),
  };
}

function forPeople(base: number, models: readonly Model[]): string {
  const head = `SunSpec device, base ${base}, ${models.length} model${models.length === 1 ? '' : 's'}`;
  return [painted('bold', head), ...models.map((model) => block(base, model))].join('\n\n');
}

function block(base: number, { id, offset, length, definition, points }: Model): string {
  const label = definition ? (definition.group.label ?? definition.group.name) : 'no definition of this model';
  const place = painted('dim', `registers ${base + offset} to ${base + offset + 1 + length}`);
  const shown = points.filter(({ name, point }) => name !== 'ID' && name !== 'L' && point.type !== 'sunssf');
  const missing = shown.filter(({ value }) => value === null).map(({ name }) => name);
  const rows = shown
    .filter(({ value }) => value !== null)
    .map(({ name, value, point }) => [`  ${name}`, told(value, point), point.label ?? '']);
  return [
    `${painted('bold', `Model ${id}`)}  ${label}  ${place}`,
    ...(rows.length > 0 ? [table([['  point', 'value', 'meaning'], ...rows])] : []),
    ...(missing.length > 0 ? [painted('dim', `  not implemented: ${missing.join(', ')}`)] : []),
  ].join('\n');
}

/** A value with its unit, or with the names of its states or bits. */
function told(value: SunspecValue, { type, units, symbols }: SunspecPoint): string {
  if (typeof value !== 'number') return value === null ? '–' : `"${value.replaceAll(/\p{Cc}/gu, '?')}"`;
  if (type.startsWith('enum'))
    return named(
      value,
      symbols?.filter((symbol) => symbol.value === value),
    );
  if (!type.startsWith('bitfield')) return units ? `${value} ${units}` : String(value);
  return named(
    value,
    symbols?.filter((symbol) => Math.floor(value / 2 ** symbol.value) % 2 === 1),
  );
}

function named(value: number, symbols: SunspecPoint['symbols'] = []): string {
  return [String(value), ...symbols.map(({ name }) => name)].join(' ');
}

/** `host`, `host:port`, `[ipv6]`, `[ipv6]:port` or a bare IPv6 address. */
function target(text: string): Target {
  if (isIPv6(text)) return { host: text, port: MODBUS_PORT };
  const [, bracketed, name, digits] = /^(?:\[(.+)\]|([^:[\]\s/]+))(?::(\d+))?$/.exec(text) ?? [];
  const host = bracketed ?? name;
  const port = digits === undefined ? MODBUS_PORT : Number(digits);
  const good = bracketed === undefined || isIPv6(bracketed);
  if (host !== undefined && good && port >= 1 && port <= 65_535) return { host, port };
  throw new InvalidArgumentError('Expected HOST or HOST:PORT, such as 192.0.2.11:502, with a port from 1 to 65535.');
}

function unitId(text: string): number {
  if (/^\d+$/.test(text) && Number(text) <= 255) return Number(text);
  throw new InvalidArgumentError('Expected a whole number from 0 to 255.');
}
