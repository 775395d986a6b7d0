/**
 * A whole SunSpec model to its points, by its definition.
 *
 * Two passes, because scale factors may stand behind the points that they scale: first every point is laid over the
 * registers, then values are scaled. A device may have a shorter model than the definition (what is beyond is `null`) or
 * a longer one (the rest is ignored). The work is bounded by the number of registers, whatever they hold.
 */
import type { SunspecGroup, SunspecModel, SunspecPoint, SunspecValue } from '../../contracts/sunspec.ts';
import { decodeRaw } from './values.ts';
import type { RawValue } from './values.ts';

/** `name` is that of the point, in groups `Group.NAME`, in repeating ones `Group[1].NAME`. */
export type DecodedPoint = { readonly name: string; readonly value: SunspecValue; readonly point: SunspecPoint };

/** Raw values by name, of a group and of those around it. */
type Scope = { readonly own: Map<string, RawValue>; readonly outer: Scope | undefined };

type Laid = { readonly name: string; readonly raw: RawValue; readonly point: SunspecPoint; readonly scope: Scope };

/** `words` start with the id of the model. Padding is left out. */
export function decodeModel({ group }: SunspecModel, words: readonly number[]): readonly DecodedPoint[] {
  const laid: Laid[] = [];
  layGroup(group, '', 0, undefined);
  return laid
    .filter(({ point }) => point.type !== 'pad')
    .map(({ name, raw, point, scope }) => ({ name, point, value: scaled(raw, exponentOf(point, scope)) }));

  /** Returns the offset behind the group. */
  function layGroup(one: SunspecGroup, prefix: string, start: number, outer: Scope | undefined): number {
    const scope: Scope = { own: new Map(), outer };
    let at = start;
    for (const point of one.points) {
      const end = at + point.size;
      const raw = end <= words.length ? decodeRaw(point.type, words.slice(at, end)) : null;
      scope.own.set(point.name, raw);
      laid.push({ name: prefix + point.name, raw, point, scope });
      at = end;
    }
    for (const inner of one.groups) at = layRepeats(inner, prefix, at, scope);
    return at;
  }

  function layRepeats(one: SunspecGroup, prefix: string, start: number, scope: Scope): number {
    if (one.count === undefined) return layGroup(one, `${prefix}${one.name}.`, start, scope);
    let at = start;
    for (let number = 1; at < words.length && isThere(one, number, at, scope); number += 1) {
      const end = layGroup(one, `${prefix}${one.name}[${number}].`, at, scope);
      if (end === at) break; // a group without registers would repeat for ever
      at = end;
    }
    return at;
  }

  function isThere({ count, points }: SunspecGroup, number: number, at: number, scope: Scope): boolean {
    if (count === 0) return at + points.reduce((sum, { size }) => sum + size, 0) <= words.length;
    const times = typeof count === 'string' ? found(count, scope) : count;
    return typeof times === 'number' || typeof times === 'bigint' ? number <= times : false;
  }
}

/** The power of ten of a point; undefined when its scale factor is not implemented, and with it the value. */
function exponentOf({ sf }: SunspecPoint, scope: Scope): number | undefined {
  if (sf === undefined) return 0;
  const exponent = Number(typeof sf === 'number' ? sf : (found(sf, scope) ?? Number.NaN));
  return exponent >= -10 && exponent <= 10 ? exponent : undefined;
}

function scaled(raw: RawValue, exponent: number | undefined): SunspecValue {
  if (raw === null || exponent === undefined) return null;
  if (typeof raw === 'string') return raw;
  // Read as decimal text, so that 1234 and -1 give 123.4 exactly.
  return exponent === 0 ? Number(raw) : Number(`${raw}e${exponent}`);
}

function found(name: string, scope: Scope | undefined): RawValue {
  for (let at = scope; at !== undefined; at = at.outer) {
    const raw = at.own.get(name);
    if (raw !== undefined) return raw;
  }
  return null;
}
