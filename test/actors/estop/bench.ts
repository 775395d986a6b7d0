/** The E-stop actor alone on a virtual clock, among others that only write down what they are told. */
import type { EventObject } from 'xstate';
import { createBoard } from '../../../actors/board.ts';
import type { Board } from '../../../actors/board.ts';
import { nameOfDriver } from '../../../actors/driver/driver.actor.ts';
import { estopActor } from '../../../actors/estop/estop.actor.ts';
import type { EstopInputs, EstopMemory, LatchView } from '../../../actors/estop/inputs.ts';
import type { Origin, Reply, SiteCommand } from '../../../contracts/commands.ts';
import type { LatchRecord } from '../../../contracts/latch.ts';
import type { EstopMessage, EstopRequested } from '../../../contracts/messages.ts';
import type { Report, SiteEvent } from '../../../contracts/reports.ts';
import { siteSchema } from '../../../contracts/site-config.ts';
import type { SiteConfig } from '../../../contracts/site-config.ts';
import type { AssetStatus } from '../../../contracts/status.ts';
import { virtualClock } from '../../../supervisor/clock.ts';
import type { VirtualClock } from '../../../supervisor/clock.ts';
import { fromProcess } from '../../../supervisor/process.ts';
import { startSystem } from '../../../supervisor/system.ts';

export const TOKENS = { ana: 'a'.repeat(64), ben: 'b'.repeat(64), vic: 'c'.repeat(64) } as const;
const OPERATORS = [
  { name: 'ana', role: 'technician', tokenSha256: TOKENS.ana },
  { name: 'ben', role: 'engineer', tokenSha256: TOKENS.ben },
  { name: 'vic', role: 'viewer', tokenSha256: TOKENS.vic },
] as const;

export const ARMED: LatchRecord = { version: 1, epoch: 5, estop: null, trips: {}, maintenance: {} };
export const LATCHED: LatchRecord = { ...ARMED, estop: { sinceWallMs: 1, reason: 'smoke', issuer: 'eve' } };

/** Who is told the latch of two assets, in that order. */
export const everybody = ['driver:b1', 'driver:b2', 'guard', 'dispatcher'];

export type Told = { readonly to: string } & EventObject & { readonly latch?: LatchRecord };

export type EstopBench = {
  readonly clock: VirtualClock;
  readonly told: Told[];
  readonly views: LatchView[];
  readonly saved: string[];
  readonly memory: EstopMemory;
  readonly board: Board;
  readonly events: (kind: SiteEvent['kind']) => readonly SiteEvent[];
  readonly alarms: () => readonly string[];
  readonly send: (message: EstopMessage) => void;
  readonly stop: () => Promise<unknown>;
  /** Presses the E-stop; the array gets the answers. */
  readonly press: (more?: Partial<EstopRequested>) => Reply[];
  readonly command: (command: SiteCommand, origin?: Origin) => Reply;
  readonly latch: () => LatchRecord;
  readonly state: () => string | undefined;
};

export type BenchOptions = {
  readonly site?: Record<string, unknown>;
  readonly asset?: Record<string, unknown>;
  readonly assets?: number;
  /** What the file holds; undefined: there is none. */
  readonly file?: string | undefined;
  readonly load?: () => Promise<string | undefined>;
  readonly save?: (text: string) => Promise<void>;
  readonly memory?: EstopMemory;
  readonly standingCause?: (assetId: string) => string | undefined;
  /** Those that are there. */
  readonly others?: readonly string[];
  /** Assets that the board shows, with their battery power; null: not known. */
  readonly powers?: Readonly<Record<string, number | null>>;
};

export function siteOf({ site = {}, asset = {}, assets = 2 }: BenchOptions = {}): SiteConfig {
  return siteSchema.parse({
    site: { id: 's' },
    assets: Array.from({ length: assets }, (_, at) => ({
      id: `b${at + 1}`,
      profile: 'huawei-sun2000-luna2000',
      modbus: { host: `h${at}` },
      capacityWh: 10_000,
      maxChargePowerW: 10_000,
      maxDischargePowerW: 10_000,
      ...asset,
    })),
    operators: OPERATORS,
    ...site,
  });
}

export async function estopBench(options: BenchOptions = {}): Promise<EstopBench> {
  const clock = virtualClock();
  const told: Told[] = [];
  const views: LatchView[] = [];
  const saved: string[] = [];
  const reports: Report[] = [];
  const site = siteOf(options);
  const quiet = { load: () => Promise.resolve(undefined), save: () => Promise.resolve() };
  const board = createBoard(clock, (report) => reports.push(report), quiet);
  for (const [id, power] of Object.entries(options.powers ?? {}))
    board.assets.set(id, { asset_id: id, connection: 'online', battery_power_w: power } as AssetStatus);
  const memory = options.memory ?? { latch: undefined, asked: new Set() };
  const input: EstopInputs = {
    site,
    board,
    memory,
    file: {
      load: options.load ?? (() => Promise.resolve(options.file)),
      save: (text) => {
        saved.push(text);
        return options.save?.(text) ?? Promise.resolve();
      },
    },
    onLatch: (view) => views.push(view),
    standingCause: options.standingCause ?? (() => undefined),
  };
  const others = options.others ?? [...site.assets.map(({ id }) => nameOfDriver(id)), 'guard', 'dispatcher'];
  const system = startSystem(
    {
      id: 'root',
      strategy: 'one_for_one',
      children: [
        ...others.map((id) => ({ id, start: () => listener(id, told) })),
        { id: 'estop', start: () => estopActor, input: () => input },
      ],
    },
    { clock },
  );
  await clock.advance(0);
  const send = (message: EstopMessage): void => void system.send('estop', message);
  return {
    clock,
    told,
    views,
    saved,
    memory,
    board,
    events: (kind) =>
      reports.flatMap((report) => (report.type === 'EVENT' && report.event.kind === kind ? [report.event] : [])),
    alarms: () => board.alarms().map((alarm) => alarm.alarm_id),
    send,
    stop: system.stop,
    press: (more = {}) => {
      const replies: Reply[] = [];
      const request: EstopRequested = {
        type: 'ESTOP_REQUESTED',
        askedAtMs: clock.now(),
        reason: 'smoke',
        issuer: 'eve',
        reply: (reply) => replies.push(reply),
        ...more,
      };
      memory.asked.add(request);
      send(request);
      return replies;
    },
    command: (command, origin = 'nats') => {
      const replies: Reply[] = [];
      const message = { type: 'COMMAND', id: 1, origin, command } as const;
      send({ type: 'LATCH_COMMAND', message, reply: (reply) => replies.push(reply) });
      const [reply] = replies;
      if (!reply) throw new Error('no answer');
      return reply;
    },
    latch: () => {
      const latch = views.at(-1)?.latch;
      if (!latch) throw new Error('nobody was told');
      return latch;
    },
    state: () => views.at(-1)?.state,
  };
}

function listener(to: string, told: Told[]) {
  return fromProcess<EventObject>(async ({ signal, onMessage }) => {
    onMessage((message) => {
      told.push({ ...message, to });
      if ('reply' in message && typeof message.reply === 'function') message.reply({ ok: true, data: 'begun' });
    });
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  });
}
