/**
 * SolarEdge StorEdge face: a plant seen through SunSpec (models 1 and 103) and through the maker's own registers, which begin
 * at 0xE000.
 *
 * Undocumented registers are exception 2, so are writes to what is only read; values out of range are exception 3. A write
 * over several registers is carried out as a whole or not at all.
 */
import type { Face } from './device.ts';
import { EXCEPTION } from './device.ts';
import type { Sense } from './measurements.ts';
import { measurementsOf } from './measurements.ts';
import type { Plant } from './plant.ts';
import { storageRegisters } from './solaredge-control.ts';
import { SOLAREDGE_MEASURED } from './solaredge-registers.ts';
import { sunspecFace } from './sunspec-face.ts';
import { common, inverter } from './sunspec-measured.ts';

const OWN_FROM = 0xe000;

export function solaredgeFace(plant: Plant, sense?: Sense): Face {
  const measurements = measurementsOf(plant, sense);
  const { registers, reboot } = storageRegisters(plant);
  const sunspec = sunspecFace(
    plant,
    [
      { id: 1, measured: common },
      { id: plant.settings.inverterModel, measured: inverter },
    ],
    sense,
  );
  const places = new Map<number, { readonly start: number; readonly words: () => readonly number[] }>();
  for (const { register, count, read } of SOLAREDGE_MEASURED) place(register, count, () => read(measurements()));
  for (const { register, count, read } of registers) place(register, count, read);

  return {
    read(register, count) {
      if (register < OWN_FROM) return sunspec.read(register, count);
      const words: number[] = [];
      for (let at = register; at < register + count;) {
        const found = places.get(at);
        if (!found) return { exception: EXCEPTION.illegalAddress };
        const part = found.words().slice(at - found.start, register + count - found.start);
        words.push(...part);
        at += part.length;
      }
      return words;
    },
    write(register, words) {
      if (register < OWN_FROM) return sunspec.write(register, words);
      const changes: (() => void)[] = [];
      for (let at = 0; at < words.length;) {
        const entry = registers.find((one) => one.register === register + at);
        if (!entry) return { exception: EXCEPTION.illegalAddress };
        const part = words.slice(at, at + entry.count);
        const change = part.length < entry.count ? undefined : entry.change(part);
        if (!change) return { exception: EXCEPTION.illegalValue };
        changes.push(change);
        at += entry.count;
      }
      for (const change of changes) change();
      return undefined;
    },
    reboot() {
      sunspec.reboot?.();
      reboot();
    },
  };

  function place(start: number, count: number, words: () => readonly number[]): void {
    for (let at = 0; at < count; at += 1) places.set(start + at, { start, words });
  }
}
