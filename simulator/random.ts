/**
 * Numbers by chance that are the same for the same seed, so that a run with faults can be run again.
 */

/** One number in [0, 1) for a seed; the mixing steps of the public-domain splitmix32. */
export function randomShare(seed: number): number {
  let mixed = (seed * 0x9e37_79b9 + 0x9e37_79b9) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0_aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
  return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
}

/** An endless series of them. */
export function seededRandom(seed: number): () => number {
  let at = Math.trunc(seed) * 1_000_003;
  return () => randomShare((at += 1) % 2 ** 31);
}
