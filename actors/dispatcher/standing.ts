/**
 * What every asset is on its way to: the AC power of its newest order, until that order ends. The dispatcher counts it at
 * the grid connection before the meter can show it.
 */
import type { OrderPhase } from '../../contracts/messages.ts';
import type { Order } from '../../contracts/operation.ts';
import { acPerBatteryW, pvAcOf } from '../../machines/site/headroom.ts';
import type { Seen } from '../../machines/site/headroom.ts';

type Row = { readonly id: string; readonly acW: number; readonly expiresAtMs: number };

export class Standing {
  readonly #rows = new Map<string, Row>();

  /** An order takes the place of the one before it. */
  note(assetId: string, { id, w, reference, expiresAtMs }: Order, seen: Seen | undefined, nowMs: number): void {
    const pvW = seen ? pvAcOf(seen, nowMs) : 0;
    const batteryW = reference === 'battery' ? w : w - pvW;
    const acW = seen ? batteryW * acPerBatteryW(seen, batteryW) + pvW : w;
    this.#rows.set(assetId, { id, acW, expiresAtMs });
  }

  hear({ assetId, id, phase }: OrderPhase): void {
    if (phase === 'written' || phase === 'verified' || this.#rows.get(assetId)?.id !== id) return;
    this.#rows.delete(assetId);
  }

  acW(assetId: string, nowMs: number): number | undefined {
    const row = this.#rows.get(assetId);
    return row && nowMs < row.expiresAtMs ? row.acW : undefined;
  }
}
