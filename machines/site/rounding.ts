/**
 * Shares in steps of the registers that take them, by largest remainder, so that what is written adds up to what is said to
 * be applied (control rules 9). Pure. No share leaves its room, and their sum never exceeds what was to be shared.
 */

export type RoundedUnit = {
  /** W ≥ 0. */
  readonly w: number;
  readonly roomW: number;
  /** W > 0; the register holds multiples of it. */
  readonly resolutionW: number;
};

/** Smaller than any step; floating point is not exact. */
const EPSILON = 1e-6;

export function roundShares(units: readonly RoundedUnit[]): readonly number[] {
  const steps = units.map(({ w, resolutionW }) => Math.floor(w / resolutionW + EPSILON));
  const whole = (at: number): number => (steps[at] ?? 0) * (units[at]?.resolutionW ?? 1);
  let leftW = units.reduce((sum, { w }, at) => sum + w - whole(at), 0);
  const byRemainder = units
    .map(({ w, roomW, resolutionW }, at) => ({ at, roomW, resolutionW, remainder: (w - whole(at)) / resolutionW }))
    .filter(({ remainder }) => remainder > EPSILON)
    .toSorted((a, b) => b.remainder - a.remainder);
  for (const { at, roomW, resolutionW } of byRemainder) {
    if (resolutionW > leftW + EPSILON || whole(at) + resolutionW > roomW + EPSILON) continue;
    steps[at] = (steps[at] ?? 0) + 1;
    leftW -= resolutionW;
  }
  return units.map((_, at) => whole(at));
}
