/**
 * A long outage of the fleet's broker, drained by a running site: how long it takes, how late live data comes meanwhile,
 * and whether control keeps its rhythm. The outage is written into the record beforehand; everything else is real.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dial } from '../../io/bus-nats.ts';
import { openRecordStore } from '../../io/record-store.ts';
import { frameAt } from '../../bench/record/frames.ts';
import { realSite } from '../processes/real-site.ts';
import type { RealSite } from '../processes/real-site.ts';
import { natsServer } from '../uplink/nats-server.ts';
import { until } from '../uplink/uplink-support.ts';
import { markOf, pollsSince, rhythmOf } from './rhythm.ts';
import type { Mark, Rhythm } from './rhythm.ts';

export type OutageSize = { readonly hours: number; readonly devices: number; readonly seconds: number };

/** Of a stretch of the run: while the broker is away, while the backlog drains, and afterwards. */
type Phase = {
  /** Intervals between the polls of every device, ms. */
  readonly polls: Rhythm;
  /** From the measuring of a frame to its arrival at the fleet, ms. */
  readonly live: Rhythm;
};

export type OutageResult = {
  readonly backlog: number;
  readonly drainS: number;
  readonly away: Phase;
  readonly draining: Phase;
  readonly afterwards: Phase;
  /** Numbers that never came, of the telemetry. */
  readonly gaps: number;
};

type Arrivals = { readonly seqs: Set<number>; readonly live: { readonly tsMs: number; readonly lateMs: number }[] };

const BATCH = 500;
const DRAIN_WITHIN_MS = 600_000;
const MAX_BYTES = 8_000_000_000;

export async function outageCampaign(size: OutageSize, tell: (line: string) => void): Promise<OutageResult> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bessd-outage-'));
  mkdirSync(path.join(folder, 'nats'));
  const server = await natsServer(path.join(folder, 'nats'));
  if (!server) throw new Error('no nats-server is installed');
  try {
    const dataDir = path.join(folder, 'data');
    const backlog = writeOutage(dataDir, size);
    tell(`${backlog} frames are in the record`);
    await server.kill();
    await using site = await realSite({
      assets: size.devices,
      dataDir,
      site: {
        record: { maxBytes: MAX_BYTES },
        uplinks: [{ id: 'fleet', kind: 'nats', url: server.url }],
      },
    });
    await site.startRuntime();
    const away = await phase(site, size, () => sleep(size.seconds * 1000));
    await server.start();
    const connection = await dial(server.url, 'fleet');
    const arrivals: Arrivals = { seqs: new Set(), live: [] };
    void receive(connection.subscribe(`bess.${site.siteId}.uplink.telemetry.>`), backlog, arrivals);
    await until(() => arrivals.seqs.size > 0, 'the uplink comes back', 120_000);
    const fromMs = Date.now();
    const draining = await phase(site, size, () =>
      until(() => isDrained(arrivals, backlog), 'the backlog is drained', DRAIN_WITHIN_MS),
    );
    const toMs = Date.now();
    tell(`drained; ${arrivals.live.length} live frames came meanwhile`);
    const afterwards = await phase(site, size, () => sleep(size.seconds * 1000));
    await connection.close();
    return {
      backlog,
      drainS: (toMs - fromMs) / 1000,
      away: { polls: away, live: rhythmOf([]) },
      draining: { polls: draining, live: lateBetween(arrivals, fromMs, toMs) },
      afterwards: { polls: afterwards, live: lateBetween(arrivals, toMs, Number.POSITIVE_INFINITY) },
      gaps: [...arrivals.seqs].reduce((most, seq) => Math.max(most, seq), 0) - arrivals.seqs.size,
    };
  } finally {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One frame of 40 points a second and device, up to now. */
function writeOutage(dataDir: string, { hours, devices }: OutageSize): number {
  mkdirSync(dataDir, { recursive: true });
  const nowMs = Date.now();
  const store = openRecordStore({ dataDir, keepDays: 30, maxBytes: MAX_BYTES, nowMs, check: false });
  const perSecond = Array.from({ length: devices }, (_, n) => `bess-${n + 1}`);
  const wanted = Math.round(hours * 3600);
  for (let second = 0; second < wanted; second += BATCH / 10) {
    const seconds = Array.from({ length: Math.min(BATCH / 10, wanted - second) }, (_, n) => second + n);
    store.append(
      seconds.flatMap((at) => perSecond.map((asset) => frameAt(nowMs - (wanted - at) * 1000, at, undefined, asset))),
    );
  }
  store.close();
  return wanted * devices;
}

/** The polls of every device while `work` runs. */
async function phase(site: RealSite, { devices }: OutageSize, work: () => Promise<unknown>): Promise<Rhythm> {
  const assets = Array.from({ length: devices }, (_, at) => at);
  const marks = new Map<number, Mark>();
  for (const at of assets) marks.set(at, await markOf(site.plant, at));
  await work();
  const found: number[] = [];
  for (const [at, mark] of marks) found.push(...(await pollsSince(site.plant, at, mark)));
  return rhythmOf(found);
}

type Subscribed = AsyncIterable<{ readonly headers?: { get(name: string): string } | undefined; string(): string }>;

async function receive(messages: Subscribed, backlog: number, { seqs, live }: Arrivals): Promise<void> {
  for await (const message of messages) {
    const seq = Number(message.headers?.get('Nats-Msg-Id').split(':').at(-1));
    seqs.add(seq);
    if (seq <= backlog) continue;
    const nowMs = Date.now();
    const tsMs = Date.parse(/"ts":"([^"]+)"/.exec(message.string())?.[1] ?? '');
    live.push({ tsMs, lateMs: nowMs - tsMs });
  }
}

/** Counting all of them at each look would be work of its own: numbers come in order. */
function isDrained({ seqs }: Arrivals, backlog: number): boolean {
  if (seqs.size < backlog) return false;
  for (let seq = backlog; seq >= 1; seq -= 1) if (!seqs.has(seq)) return false;
  return true;
}

function lateBetween({ live }: Arrivals, fromMs: number, toMs: number): Rhythm {
  return rhythmOf(live.filter(({ tsMs }) => tsMs >= fromMs && tsMs < toMs).map(({ lateMs }) => lateMs));
}
