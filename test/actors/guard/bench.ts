/** The guard actor alone on a virtual clock, among others that only write down what they are told. */
import type { EventObject } from 'xstate';
import { createBoard } from '../../../actors/board.ts';
import type { Board } from '../../../actors/board.ts';
import { gridMemory } from '../../../actors/grid-guard.ts';
import { guardActor } from '../../../actors/guard.actor.ts';
import type { GuardInputs } from '../../../actors/guard.actor.ts';
import type { LatchRecord } from '../../../contracts/latch.ts';
import type { GuardMessage, Telemetry } from '../../../contracts/messages.ts';
import type { Permit } from '../../../contracts/permit.ts';
import type { Report, SiteEvent } from '../../../contracts/reports.ts';
import type { TelemetryFrame } from '../../../contracts/telemetry.ts';
import type { GuardConfig } from '../../../machines/guard/guard.ts';
import { virtualClock } from '../../../supervisor/clock.ts';
import type { VirtualClock } from '../../../supervisor/clock.ts';
import { fromProcess } from '../../../supervisor/process.ts';
import { startSystem } from '../../../supervisor/system.ts';
import { frame, guardConfig, NO_CEILING } from '../../machines/support.ts';

export const ARMED: LatchRecord = { version: 1, epoch: 5, estop: null, trips: {}, maintenance: {} };
export const LATCHED: LatchRecord = { ...ARMED, epoch: 6, estop: { sinceWallMs: 1, reason: 'smoke', issuer: 'eve' } };

export type Told = { readonly to: string } & EventObject & Readonly<Record<string, unknown>>;

export type GuardBench = {
  readonly clock: VirtualClock;
  readonly told: Told[];
  readonly causes: (readonly [assetId: string, cause: string | undefined])[];
  readonly input: GuardInputs;
  readonly board: Board;
  readonly events: (kind: SiteEvent['kind']) => readonly SiteEvent[];
  readonly send: (message: GuardMessage) => void;
  readonly latch: (latch: LatchRecord) => void;
  /** A frame of now, of asset `a` unless it says otherwise; resolves when everybody has been told. */
  readonly see: (
    values?: Parameters<typeof frame>[0],
    more?: Partial<Telemetry>,
    of?: Partial<TelemetryFrame>,
  ) => Promise<void>;
  readonly to: (name: string) => readonly Told[];
  readonly permit: () => Permit;
  readonly stop: () => Promise<unknown>;
};

export async function guardBench(
  more: { readonly configs?: readonly GuardConfig[]; readonly inputs?: Partial<GuardInputs> } = {},
): Promise<GuardBench> {
  const clock = virtualClock();
  const told: Told[] = [];
  const causes: (readonly [string, string | undefined])[] = [];
  const reports: Report[] = [];
  const quiet = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };
  const board = createBoard(clock, (report) => reports.push(report), quiet);
  const configs = more.configs ?? [guardConfig()];
  const input: GuardInputs = {
    configs: new Map(configs.map((config) => [config.asset.id, config])),
    grid: { grid: { meterLostMaxW: 0 } as GuardInputs['grid']['grid'], terminals: new Map(), memory: gridMemory() },
    board,
    memory: new Map(),
    instruments: new Map(),
    onCause: (assetId, cause) => causes.push([assetId, cause]),
    ...more.inputs,
  };
  const others = ['estop', 'dispatcher', 'stopper', ...configs.map(({ asset }) => `driver:${asset.id}`)];
  const system = startSystem(
    {
      id: 'root',
      strategy: 'one_for_one',
      children: [
        ...others.map((id) => ({ id, start: () => listener(id, told) })),
        { id: 'guard', start: () => guardActor, input: () => input },
      ],
    },
    { clock },
  );
  await clock.advance(0);
  const send = (message: GuardMessage): void => void system.send('guard', message);
  return {
    clock,
    told,
    causes,
    input,
    board,
    events: (kind) =>
      reports.flatMap((report) => (report.type === 'EVENT' && report.event.kind === kind ? [report.event] : [])),
    send,
    latch: (latch) => send({ type: 'LATCH_STATE', latch }),
    see: async (values = {}, rest = {}, of = {}) => {
      send({ type: 'TELEMETRY', frame: frame(values, clock.now(), of), ceiling: NO_CEILING, ...rest });
      await clock.advance(0);
    },
    to: (name) => told.filter((one) => one.to === name),
    permit: () => {
      const given = told.findLast(({ type, to }) => type === 'PERMIT' && to === 'driver:a');
      if (!given) throw new Error('no permit was given');
      return given['permit'] as Permit;
    },
    stop: system.stop,
  };
}

function listener(to: string, told: Told[]) {
  return fromProcess<EventObject>(async ({ signal, onMessage }) => {
    onMessage((message) => told.push({ ...message, to }));
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  });
}
