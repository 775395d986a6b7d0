/**
 * A SunSpec model laid over the registers of one device: where each point stands there, what is in it, and which scale
 * factor belongs to it.
 *
 * A device may have a shorter model than the definition (what is beyond is `null`) or a longer one (the rest is ignored).
 * The work is bounded by the number of registers, whatever they hold.
 */
import type { SunspecGroup, SunspecModel, SunspecPoint } from '../../contracts/sunspec.ts';
import { decodeRaw } from './values.ts';
import type { RawValue } from './values.ts';

/** `name` is that of the point, in groups `Group.NAME`, in repeating ones `Group[1].NAME`. */
export type LaidPoint = {
  readonly name: string;
  readonly point: SunspecPoint;
  /** Registers from the id of the model on. */
  readonly offset: number;
  readonly raw: RawValue;
  readonly scope: Scope;
};

/** The points of a group and of those around it, by name. */
export type Scope = {
  readonly own: Map<string, { readonly raw: RawValue; readonly offset: number }>;
  readonly outer: Scope | undefined;
};

/** `words` start with the id of the model. */
export function layModel({ group }: SunspecModel, words: readonly number[]): readonly LaidPoint[] {
  const laid: LaidPoint[] = [];
  layGroup(group, '', 0, undefined);
  return laid;

  /** Returns the offset behind the group. */
  function layGroup(one: SunspecGroup, prefix: string, start: number, outer: Scope | undefined): number {
    const scope: Scope = { own: new Map(), outer };
    let at = start;
    for (const point of one.points) {
      const end = at + point.size;
      const raw = end <= words.length ? decodeRaw(point.type, words.slice(at, end)) : null;
      scope.own.set(point.name, { raw, offset: at });
      laid.push({ name: prefix + point.name, raw, point, scope, offset: at });
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
    const times = typeof count === 'string' ? lookUp(count, scope)?.raw : count;
    return typeof times === 'number' || typeof times === 'bigint' ? number <= times : false;
  }
}

/** The power of ten of a point; undefined when its scale factor is not implemented, and with it the value. */
export function exponentOf({ sf }: SunspecPoint, scope: Scope): number | undefined {
  if (sf === undefined) return 0;
  const exponent = Number(typeof sf === 'number' ? sf : (lookUp(sf, scope)?.raw ?? Number.NaN));
  return exponent >= -10 && exponent <= 10 ? exponent : undefined;
}

/** The point of that name in the innermost group that has an implemented one. */
export function lookUp(
  name: string,
  scope: Scope | undefined,
): { readonly raw: RawValue; readonly offset: number } | undefined {
  for (let at = scope; at !== undefined; at = at.outer) {
    const found = at.own.get(name);
    if (found !== undefined) return found.raw === null ? undefined : found;
  }
  return undefined;
}
