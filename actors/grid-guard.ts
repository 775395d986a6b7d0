/**
 * The part of the guard that keeps the limits of the grid connection: it follows the meter, and narrows the permits of the
 * assets whose power together would break a limit. Told of every frame.
 */
import type { Clock } from '../contracts/clock.ts';
import type { Permit } from '../contracts/permit.ts';
import type { SiteConfig } from '../contracts/site-config.ts';
import type { TelemetryFrame } from '../contracts/telemetry.ts';
import { compile } from '../machines/compiled/compile.ts';
import { cutToGrid } from '../machines/site/grid-cut.ts';
import { blockedByGrid, gridUnitOf, narrowToCut } from '../machines/site/grid-unit.ts';
import type { Shown, Terminal } from '../machines/site/grid-unit.ts';
import { gridMachine } from '../machines/site/grid.machine.ts';
import { isLimited, readMeter, roomNow, seeDevice, UNMETERED } from '../machines/site/grid-watch.ts';
import type { GridRoom, GridWatch } from '../machines/site/grid-watch.ts';
import type { Board } from './board.ts';
import { runChart } from './chart.ts';

export type GridInputs = {
  readonly grid: SiteConfig['grid'];
  /** By asset. */
  readonly terminals: ReadonlyMap<string, Terminal>;
  readonly memory: GridMemory;
};

/** As the last guard left it, so that its successor does not take a living meter for a lost one. */
export type GridMemory = {
  watch: GridWatch;
  meter: TelemetryFrame | undefined;
  readonly shown: Map<string, Shown>;
};

export function gridMemory(): GridMemory {
  return { watch: UNMETERED, meter: undefined, shown: new Map() };
}

export type GridGuard = {
  /** A frame of any device came in; permits that change with it are given out. */
  readonly see: (frame: TelemetryFrame, nowMs: number) => void;
  /** Gives the permit of an asset out, narrowed as the grid demands; returns what was given. */
  readonly narrow: (judged: Omit<Shown, 'terminal'>, nowMs: number) => Permit;
  readonly room: (nowMs: number) => GridRoom;
};

const chart = compile(gridMachine);

export function createGridGuard(
  { grid, terminals, memory }: GridInputs,
  board: Board,
  clock: Clock,
  give: (permit: Permit) => void,
): GridGuard {
  const { shown } = memory;
  const given = new Map<string, Permit>();
  const stands = runChart(chart, undefined, clock, (from, to) =>
    board.event('transition', { machine: 'grid', from, to }),
  );

  const lostMeter = `${grid.meter ?? ''} does not measure the grid connection now, or not as the load and the assets say`;

  return {
    room: (nowMs) => roomNow(memory.watch, grid, memory.meter, nowMs),
    narrow(judged, nowMs) {
      const { assetId } = judged.permit;
      const terminal = terminals.get(assetId);
      if (!isLimited(grid) || !terminal) return handOut(judged.permit);
      shown.set(assetId, { ...judged, terminal });
      memory.watch = seeDevice(memory.watch, grid, judged.frame, nowMs);
      return apply(nowMs, assetId) ?? judged.permit;
    },
    see(frame, nowMs) {
      if (!isLimited(grid) || frame.assetId !== grid.meter) return;
      memory.meter = frame;
      const frames = [...shown.values()].map((one) => one.frame);
      memory.watch = readMeter(memory.watch, grid, frame, frames, nowMs);
      apply(nowMs);
    },
  };

  /** Judges all assets together; what changed goes out, and that of `asked` in any case. */
  function apply(nowMs: number, asked?: string): Permit | undefined {
    const { watch, meter } = memory;
    const room = roomNow(watch, grid, meter, nowMs);
    const units = [...shown.values()].map((one) => gridUnitOf(one, nowMs)).filter((unit) => unit !== undefined);
    const visible = new Set(units.map(({ id }) => id));
    const cuts = cutToGrid(units, room);
    const lost = room.meterLost && meter !== undefined;
    const hidden = shown.size > visible.size;
    stands.send({ type: 'SEEN', metered: meter !== undefined, lost, cutting: cuts.size > 0 || hidden });
    board.alarm('meter-lost', stands.state() === 'meter_lost', 'P2', lostMeter);
    for (const [id, one] of shown) {
      const permit = visible.has(id) ? narrowToCut(one, cuts.get(id), nowMs) : blockedByGrid(one.permit);
      if (id === asked || !sameRoom(permit, given.get(id))) handOut(permit);
    }
    return asked === undefined ? undefined : given.get(asked);
  }

  function handOut(permit: Permit): Permit {
    given.set(permit.assetId, permit);
    give(permit);
    return permit;
  }
}

function sameRoom(a: Permit, b: Permit | undefined): boolean {
  return a.maxChargeW === b?.maxChargeW && a.maxDischargeW === b.maxDischargeW;
}
