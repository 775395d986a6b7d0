/**
 * Huawei face: a plant seen through the register map of SUN2000 and LUNA2000.
 *
 * Reads of undocumented registers are exception 2, writes to read-only ones too, values out of range exception 3. A write
 * over several registers is carried out as a whole or not at all. Measurements may be older than the registers that were
 * just written, as on the real device (`refreshMs`, `frozen`); command registers echo at once.
 */
import type { Exception, Face } from './device.ts';
import { EXCEPTION } from './device.ts';
import { COMMAND_REGISTERS } from './huawei-controls.ts';
import { DONGLE_MEASURED, DONGLE_UNIT } from './huawei-dongle.ts';
import type { Measured } from './huawei-entries.ts';
import { MEASURED } from './huawei-registers.ts';
import type { Sense } from './measurements.ts';
import { measurementsOf } from './measurements.ts';
import type { Plant, PlantState } from './plant.ts';
import { fromU32 } from './words.ts';

const measuredAt = byRegister(MEASURED);
const dongleAt = byRegister(DONGLE_MEASURED);
const commandAt = byRegister(COMMAND_REGISTERS);

export function huaweiFace(plant: Plant, sense?: Sense): Face {
  const measurements = measurementsOf(plant, sense);

  return {
    units: { [DONGLE_UNIT]: { read: (register, count) => readOnly(dongleAt, register, count, measurements()) } },
    read(register, count) {
      const words: number[] = [];
      for (let at = register; at < register + count;) {
        const measured = measuredAt.get(at);
        const command = commandAt.get(at);
        const values = measured ? measured.read(measurements()) : command?.read?.(plant.controls);
        if (!values) return { exception: EXCEPTION.illegalAddress };
        const start = (measured ?? command)?.register ?? at;
        const taken = values.slice(at - start, register + count - start);
        words.push(...taken);
        at += taken.length;
      }
      return words;
    },
    write(register, words) {
      let changes = {};
      for (let at = 0; at < words.length;) {
        const entry = commandAt.get(register + at);
        if (!entry?.write) return { exception: EXCEPTION.illegalAddress };
        const part = words.slice(at, at + entry.count);
        if (entry.register !== register + at || part.length < entry.count) return { exception: EXCEPTION.illegalValue };
        const raw = entry.count === 2 ? fromU32(part) : (part[0] ?? 0);
        if (raw > entry.write.highest(plant.settings)) return { exception: EXCEPTION.illegalValue };
        changes = { ...changes, ...entry.write.change(raw) };
        at += entry.count;
      }
      plant.control(changes);
      return undefined;
    },
  };
}

function readOnly(
  entries: ReadonlyMap<number, Measured>,
  register: number,
  count: number,
  plant: PlantState,
): readonly number[] | Exception {
  const words: number[] = [];
  for (let at = register; at < register + count;) {
    const entry = entries.get(at);
    if (!entry) return { exception: EXCEPTION.illegalAddress };
    const part = entry.read(plant).slice(at - entry.register, register + count - entry.register);
    words.push(...part);
    at += part.length;
  }
  return words;
}

function byRegister<T extends { register: number; count: number }>(entries: readonly T[]): Map<number, T> {
  return new Map(
    entries.flatMap((entry) => Array.from({ length: entry.count }, (_, at) => [entry.register + at, entry] as const)),
  );
}
