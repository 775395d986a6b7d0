/**
 * A whole SunSpec model to its points, by its definition: laid over the registers first, scaled then, because scale
 * factors may stand behind the points that they scale.
 */
import type { SunspecModel, SunspecPoint, SunspecValue } from '../../contracts/sunspec.ts';
import { exponentOf, layModel } from './layout.ts';
import type { RawValue } from './values.ts';

/** `name` is that of the point, in groups `Group.NAME`, in repeating ones `Group[1].NAME`. */
export type DecodedPoint = { readonly name: string; readonly value: SunspecValue; readonly point: SunspecPoint };

/** `words` start with the id of the model. Padding is left out. */
export function decodeModel(model: SunspecModel, words: readonly number[]): readonly DecodedPoint[] {
  return layModel(model, words)
    .filter(({ point }) => point.type !== 'pad')
    .map(({ name, raw, point, scope }) => ({ name, point, value: scaled(raw, exponentOf(point, scope)) }));
}

function scaled(raw: RawValue, exponent: number | undefined): SunspecValue {
  if (raw === null || exponent === undefined) return null;
  if (typeof raw === 'string') return raw;
  // Read as decimal text, so that 1234 and -1 give 123.4 exactly.
  return exponent === 0 ? Number(raw) : Number(`${raw}e${exponent}`);
}
