/**
 * The order under way, noted on the disk beside everything else, so that a crash does not leave it unanswered: no order is
 * revived, and the next incarnation reports it as ended (control rules 5). Nothing waits for this file.
 */
import { openOrderSchema } from '../../contracts/latch.ts';
import { parse } from '../../contracts/parse.ts';
import type { Order } from '../../contracts/operation.ts';
import type { SyncedFile } from '../../contracts/ports.ts';
import type { Board } from '../board.ts';

export type OpenOrderNote = { readonly follow: (order: Order | undefined) => void };

/** Reports what the last incarnation left open, then follows the order of this one. */
export function openOrderNote(file: SyncedFile, assetId: string, board: Board): OpenOrderNote {
  let noted: string | undefined;
  let overtaken = false;
  void file.load().then(
    (text) => {
      if (!overtaken && text) reportLeft(text, assetId, board);
      if (!overtaken && text) void file.save('').catch(() => undefined);
    },
    () => undefined,
  );
  return {
    follow(order) {
      if (order?.id === noted) return;
      overtaken = true;
      noted = order?.id;
      const text = order ? JSON.stringify({ version: 1, id: order.id, w: order.w }) : '';
      void file.save(text).catch(() => undefined);
    },
  };
}

function reportLeft(text: string, assetId: string, board: Board): void {
  try {
    const parsed = parse(openOrderSchema, JSON.parse(text));
    if (parsed.ok)
      board.event('command', {
        id: parsed.value.id,
        asset_id: assetId,
        phase: 'failed',
        reason: 'RESTARTED',
        final_w: null,
        measured_w: null,
      });
  } catch {
    return; // a note that was cut short names no order
  }
}
