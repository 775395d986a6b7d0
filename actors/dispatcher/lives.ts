/**
 * The life of each order, from its receipt to its end. What the drivers tell of its shares moves its machine, and each
 * change is published.
 */
import type { Clock } from '../../contracts/clock.ts';
import type { OrderPhase } from '../../contracts/messages.ts';
import { ANSWERED_WITHIN_MS } from '../../contracts/order-life.ts';
import type { OrderLifeEvent, Shares } from '../../contracts/order-life.ts';
import { compile } from '../../machines/compiled/compile.ts';
import { orderMachine } from '../../machines/site/order.machine.ts';
import type { Board } from '../board.ts';
import { runChart } from '../chart.ts';
import type { Chart } from '../chart.ts';

export type OrderLives = {
  readonly receive: (id: string, cameAtMs: number) => void;
  /** Its id is on the disk; false where it is over already, and must not be carried out. */
  readonly keep: (id: string) => boolean;
  /** Its shares go to these assets. */
  readonly give: (id: string, assets: readonly string[], expiresAtMs: number) => void;
  readonly hear: (phase: OrderPhase) => void;
  readonly refuse: (id: string) => void;
  /** Every order that still waits for an answer gets it now. */
  readonly close: () => void;
};

type Row = {
  readonly chart: Chart<typeof orderMachine>;
  readonly cameAtMs: number;
  assets: readonly string[];
  /** The last of each asset, with whether it ever wrote the order. */
  readonly phases: Map<string, { readonly phase: OrderPhase['phase']; readonly wrote: boolean }>;
};

const chart = compile(orderMachine);
/** The drivers tell the end of an order when its time is over; one that died does not. */
const ENDS_WITHIN_MS = 10_000;
const OVER: ReadonlySet<string> = new Set(chart.leaves.filter(({ tags }) => tags.has('over')).map(({ name }) => name));

export function orderLives(parts: {
  readonly clock: Clock;
  readonly board: Pick<Board, 'event'>;
  /** The drivers have answered, or nobody waits for them any more: the reply is due. */
  readonly answered: (id: string) => void;
  /** It is in force for the whole site, and may get new shares. */
  readonly inForce: (id: string) => boolean;
}): OrderLives {
  const { clock, board, answered, inForce } = parts;
  const rows = new Map<string, Row>();
  const tell = (id: string, event: OrderLifeEvent): void => rows.get(id)?.chart.send(event);
  return {
    receive(id, cameAtMs) {
      const life = runChart(chart, undefined, clock, (from, to) => changed(id, from, to));
      rows.set(id, { chart: life, cameAtMs, assets: [], phases: new Map() });
    },
    keep(id) {
      tell(id, { type: 'KEPT' });
      return rows.get(id)?.chart.state() === 'validated';
    },
    give(id, assets, expiresAtMs) {
      const row = rows.get(id);
      if (!row) return;
      row.assets = assets;
      const nowMs = clock.now();
      const leftMs = Math.max(0, row.cameAtMs + ANSWERED_WITHIN_MS - nowMs);
      row.chart.send({ type: 'GIVEN', leftMs, lifeMs: expiresAtMs - nowMs + ENDS_WITHIN_MS });
    },
    hear({ id, assetId, phase }) {
      const row = rows.get(id);
      if (!row) return;
      const { wrote = false } = row.phases.get(assetId) ?? {};
      row.phases.set(assetId, { phase, wrote: wrote || phase === 'written' });
      tell(id, { type: 'HEARD', shares: sharesOf(row, phase, inForce(id)) });
    },
    refuse: (id) => tell(id, { type: 'REFUSED' }),
    close() {
      for (const id of rows.keys()) tell(id, { type: 'REFUSED' });
    },
  };

  function changed(id: string, from: string, to: string): void {
    board.event('transition', { machine: 'order', id, from, to });
    if (OVER.has(to)) rows.delete(id);
    if (from === 'permitted') answered(id);
  }
}

function sharesOf({ assets, phases }: Row, last: OrderPhase['phase'], inForce: boolean): Shares {
  const all = [...phases.values()];
  const live = all.filter(({ phase }) => phase === 'written' || phase === 'verified');
  return {
    open: assets.some((id) => !phases.has(id)),
    wrote: all.some(({ wrote }) => wrote),
    live: live.length > 0 || (inForce && all.some(({ wrote }) => wrote)),
    proven: live.length > 0 && live.every(({ phase }) => phase === 'verified'),
    end: last === 'superseded' || last === 'expired' || last === 'stopped' ? last : 'failed',
  };
}
