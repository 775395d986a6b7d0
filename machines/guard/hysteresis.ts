/**
 * Rows of the limits table that stay engaged until their release value is passed.
 *
 * A row is keyed by its name. Between action and release a row that was never judged counts as engaged (control rules 3),
 * so a restarted guard is never bolder than the one before it.
 */

export type Engaged = Readonly<Record<string, boolean>>;

export type Side = 'above' | 'below';

/**
 * Whether a row is engaged: `above` engages at value ≥ action and releases below `release`; `below` mirrors it.
 * The strict release (`<` or `>`) follows the table ("> 10 %", "< 45 °C").
 */
export function engaged(
  before: boolean | undefined,
  side: Side,
  value: number,
  action: number,
  release: number,
): boolean {
  const [v, a, r] = side === 'above' ? [value, action, release] : [-value, -action, -release];
  if (v >= a) return true;
  if (v < r) return false;
  return before ?? true;
}
