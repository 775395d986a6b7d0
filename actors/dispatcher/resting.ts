/**
 * Assets below their least power rest for a while, so that a wavering order does not switch them on and off (control rules
 * 9). Who is woken because the others cannot do it alone does not rest any longer.
 */
import { minutes } from '../../contracts/units.ts';
import type { Allocation } from '../../machines/site/allocation.ts';

const REST_MS = minutes(15);

export class Resting {
  readonly #untilMs = new Map<string, number>();

  now(nowMs: number): ReadonlySet<string> {
    return new Set([...this.#untilMs].filter(([, untilMs]) => nowMs < untilMs).map(([id]) => id));
  }

  note({ shares }: Allocation, nowMs: number): void {
    const already = this.now(nowMs);
    for (const { asset_id, reasons } of shares) {
      if (!reasons.includes('MIN_POWER')) this.#untilMs.delete(asset_id);
      else if (!already.has(asset_id)) this.#untilMs.set(asset_id, nowMs + REST_MS);
    }
  }
}
