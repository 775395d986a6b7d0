/**
 * Discovery of a SunSpec device: base address, then from model to model until the end marker. Reads only.
 *
 *   base: "SunS" │ id, length, … │ id, length, … │ 0xFFFF
 *
 * Every request stays inside one model and takes at most 120 registers. The walk is bounded, whatever the device answers:
 * where the chain ends without the marker, what was found stands, and `remarks` says what happened.
 */
import { Fault } from '../contracts/faults.ts';
import type { DevicePort } from '../contracts/ports.ts';
import type { RawSunspecModel } from '../contracts/sunspec.ts';

export type SunspecScan = {
  readonly base: number;
  readonly models: readonly RawSunspecModel[];
  /** What is wrong with the chain of models, for people. */
  readonly remarks: readonly string[];
};

const BASES = [40_000, 50_000, 0];
const MARKER = [0x5375, 0x6e53]; // "SunS"
const END = 0xffff;
const MAX_REQUEST = 120;
const MAX_MODELS = 250;
const REGISTERS = 0x1_0000;

/** Exceptions that speak of these registers: illegal function, address, value, and failure. The others speak of the device. */
const REFUSALS: readonly unknown[] = [1, 2, 3, 4];
/** Exceptions of a gateway: no path to the unit, no answer from it. */
const NO_UNIT: readonly unknown[] = [10, 11];

/**
 * Throws WRONG_IDENTITY where no SunSpec device answers; faults of the port pass through. Of models that are not `wanted`
 * only id and length are read. Where the models stood `before` is tried first, which saves the walk when a connection is
 * made again; whatever differs leads to the whole walk.
 */
export async function scanSunspec(
  port: DevicePort,
  wanted?: ReadonlySet<number>,
  before?: Pick<SunspecScan, 'base' | 'models'>,
): Promise<SunspecScan> {
  const again = before && (await confirmed(port, wanted, before));
  if (again) return again;
  const base = await findBase(port);
  const models: RawSunspecModel[] = [];
  const remarks: string[] = [];
  let offset = MARKER.length;
  for (;;) {
    const header = await headerAt(port, base + offset);
    if (typeof header === 'string') remarks.push(header);
    if (typeof header === 'string' || header.id === END) break;
    const { id, length } = header;
    if (models.length === MAX_MODELS) {
      remarks.push(`more than ${MAX_MODELS} models, the rest is left out`);
      break;
    }
    const isWanted = wanted === undefined || wanted.has(id);
    const { words, refused } = await bodyOf(port, base + offset, isWanted ? length : 0);
    if (refused !== undefined) remarks.push(`model ${id}: ${refused}, points there are shown as missing`);
    models.push({ id, offset, length, words: [id, length, ...words] });
    offset += 2 + length;
  }
  return { base, models, remarks };
}

/** The wanted models anew, if every one still stands where it stood, as long as it was. */
async function confirmed(
  port: DevicePort,
  wanted: ReadonlySet<number> | undefined,
  { base, models }: Pick<SunspecScan, 'base' | 'models'>,
): Promise<SunspecScan | undefined> {
  const marker = await readUnlessRefused(port, base, MARKER.length);
  if (typeof marker === 'string' || marker.some((word, at) => word !== MARKER[at])) return undefined;
  const found: RawSunspecModel[] = [];
  for (const model of models) {
    if (wanted && !wanted.has(model.id)) {
      found.push(model);
      continue;
    }
    const words: number[] = [];
    while (words.length < 2 + model.length) {
      const count = Math.min(MAX_REQUEST, 2 + model.length - words.length);
      const part = await readUnlessRefused(port, base + model.offset + words.length, count);
      if (typeof part === 'string') return undefined;
      words.push(...part);
      if (words[0] !== model.id || words[1] !== model.length) return undefined;
    }
    found.push({ ...model, words });
  }
  return { base, models: found, remarks: [] };
}

async function findBase(port: DevicePort): Promise<number> {
  const seen: string[] = [];
  for (const base of BASES) {
    const words = await readUnlessRefused(port, base, MARKER.length);
    if (typeof words !== 'string' && words.every((word, at) => word === MARKER[at])) return base;
    seen.push(`${base}: ${typeof words === 'string' ? words : words.map((word) => `0x${hex(word)}`).join(' ')}`);
  }
  throw new Fault('WRONG_IDENTITY', `no SunSpec device: "SunS" stands at none of its places (${seen.join('; ')})`);
}

/** The next header, or why there is none. */
async function headerAt(port: DevicePort, register: number): Promise<{ id: number; length: number } | string> {
  const noMarker = 'the chain of models ends without its marker';
  if (register + 2 > REGISTERS) return `${noMarker}: the registers are over`;
  const words = await readUnlessRefused(port, register, 2);
  if (typeof words === 'string') return `${noMarker}: register ${register} answers with ${words}`;
  const [id = END, length = 0] = words;
  if (id === 0) return `${noMarker}: model id 0 at register ${register}`;
  if (id !== END && register + 2 + length > REGISTERS)
    return `${noMarker}: model ${id} at register ${register} with ${length} registers ends beyond the last one`;
  return { id, length };
}

async function bodyOf(
  port: DevicePort,
  register: number,
  length: number,
): Promise<{ words: readonly number[]; refused?: string }> {
  const words: number[] = [];
  const start = register + 2;
  while (words.length < length) {
    const part = await readUnlessRefused(port, start + words.length, Math.min(MAX_REQUEST, length - words.length));
    if (typeof part === 'string') return { words, refused: `register ${start + words.length} answers with ${part}` };
    words.push(...part);
  }
  return { words };
}

/** Words, or the exception as text where the device has no such registers. */
async function readUnlessRefused(
  port: DevicePort,
  register: number,
  count: number,
): Promise<readonly number[] | string> {
  try {
    return await port.read(register, count);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'DEVICE_EXCEPTION') throw error;
    const exception = error.details?.['exception'];
    if (REFUSALS.includes(exception)) return `exception ${String(exception)}`;
    const hint = NO_UNIT.includes(exception)
      ? ': the gateway does not reach this unit, is it the right one (--unit)?'
      : '';
    throw new Fault('DEVICE_EXCEPTION', `${error.message}${hint}`, { cause: error, details: { ...error.details } });
  }
}

function hex(word: number): string {
  return word.toString(16).padStart(4, '0');
}
