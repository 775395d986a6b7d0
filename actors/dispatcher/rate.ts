/**
 * How many orders an issuer, and all of them together, may send: so many at once, and so many a second after that. Stops
 * are never counted.
 */
import type { Clock } from '../../contracts/clock.ts';

type Bucket = { left: number; atMs: number };
type Rate = { readonly atOnce: number; readonly perS: number };

const EACH: Rate = { atOnce: 50, perS: 10 };
/** An issuer is a name that is not proven: many of them must not get more. */
const ALL: Rate = { atOnce: 200, perS: 50 };
const ISSUERS_KEPT = 1000;

export function rateLimit(clock: Pick<Clock, 'now'>): (issuer: string) => boolean {
  const each = new Map<string, Bucket>();
  const all: Bucket = { left: ALL.atOnce, atMs: clock.now() };

  return (issuer) => {
    const own = each.get(issuer) ?? { left: EACH.atOnce, atMs: clock.now() };
    each.delete(issuer);
    each.set(issuer, own);
    const [oldest] = each.keys();
    if (each.size > ISSUERS_KEPT && oldest !== undefined) each.delete(oldest);
    // One that is over its own rate uses up nothing of the others'.
    return take(own, EACH) && take(all, ALL);
  };

  function take(bucket: Bucket, { atOnce, perS }: Rate): boolean {
    const nowMs = clock.now();
    bucket.left = Math.min(atOnce, bucket.left + ((nowMs - bucket.atMs) * perS) / 1000);
    bucket.atMs = nowMs;
    if (bucket.left < 1) return false;
    bucket.left -= 1;
    return true;
  }
}
