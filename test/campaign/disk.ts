/**
 * A running site whose disk goes bad: the same script of orders and an emergency stop runs twice, once on a healthy disk
 * and once on the bad one. The device's own tap says what control made of it, the receiver what became of the record.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { verifyAudit } from '../../io/record-audit.ts';
import { realSite } from '../processes/real-site.ts';
import type { RealSite } from '../processes/real-site.ts';
import { natsServer } from '../uplink/nats-server.ts';
import { beginFault, mountSmallDisk } from './disk-faults.ts';
import type { DiskFaultName } from './disk-faults.ts';
import { alarmsIn, gapsIn, pollsMissing, readInbox } from './inbox.ts';
import { markOf, pollsSince, quantile, rhythmOf, writesSince } from './rhythm.ts';
import type { Mark, Rhythm } from './rhythm.ts';

export type Stretch = {
  /** Intervals between the polls of both devices, ms. */
  readonly polls: Rhythm;
  /** From the request to the first stop write at the later device, ms. */
  readonly stopWriteMs: number;
  readonly stopped: readonly string[];
  readonly orders: number;
  readonly refused: Readonly<Record<string, number>>;
  /** From the request to the answer, over all orders. */
  readonly orderP99Ms: number;
  /** The longest time between two writes that keep the standing order alive. */
  readonly rearmMaxMs: number;
  readonly permitLapses: number;
};

export type DiskResult = {
  readonly fault: DiskFaultName;
  readonly healthy: Stretch | undefined;
  readonly bad: Stretch;
  readonly alarms: ReadonlyMap<string, { raised: number; returned: number }>;
  readonly recordRestarts: number;
  readonly received: number;
  /** Missing numbers of the streams, and missing polls. */
  readonly gaps: number;
  readonly pollsMissing: number;
  /** Writes that reached the devices since the disk was bad, and audit entries about them at the receiver. */
  readonly writes: number;
  readonly auditEntries: number;
  readonly auditOk: boolean;
  readonly problems: readonly string[];
};

export type DiskSize = {
  readonly stretchMs: number;
  /** Only the bad disk, with nothing to compare it with and no orders afterwards. */
  readonly brief?: boolean;
};

const ORDER_EVERY_MS = 500;
const STANDING_W = -20_000;
/** Control rules 4: the request in flight ends within 300 ms. */
const STOP_WRITE_MS = 500;
const POLL_MS = 1000;
const RETURN_WITHIN_MS = 120_000;
/** Huawei's forced command: written again to keep an order alive. */
const TRIGGER = 47_100;

export async function diskCampaign(fault: DiskFaultName, size: DiskSize, seed: number): Promise<DiskResult> {
  using disk = mountSmallDisk();
  const folder = mkdtempSync(path.join(tmpdir(), 'bessd-inbox-'));
  const server = await natsServer(folder);
  if (!server) throw new Error('no nats-server is installed');
  try {
    const dataDir = path.join(disk.dir, 'data');
    mkdirSync(dataDir);
    await using site = await realSite({
      dataDir,
      site: {
        nats: { url: server.url },
        record: { maxBytes: 20_000_000 },
        uplinks: [{ id: 'fleet', kind: 'nats', url: server.url }],
      },
    });
    await site.startRuntime();
    const afterwards: string[] = [];
    const healthy = size.brief ? undefined : await stretch(site, size, seed);
    if (healthy) await rearm(site);
    const end = await beginFault(fault, disk.dir, site);
    const badFromMs = Date.now();
    const bad = await stretch(site, size, seed + 1);
    await end();
    await site.until('the alarms of the record return', RETURN_WITHIN_MS, async () => !(await standing(site)));
    if (!size.brief) {
      await rearm(site);
      const again = await order(site, 'bess-1', STANDING_W, 60);
      if (!again.ok) afterwards.push(`an order afterwards is refused: ${again.code}`);
    }
    await site.until('the outbox is empty', 60_000, async () => (await metric(site, 'bess_outbox_depth')) === 0);
    const status = (await site.get('/api/v1/status')).data;
    const taps = await Promise.all([site.plant.tap(0, 0), site.plant.tap(0, 1)]);
    const inbox = await readInbox(server.url);
    const result = {
      fault,
      healthy,
      bad,
      alarms: alarmsIn(inbox),
      recordRestarts: restartsOf(status.supervisor, 'record'),
      received: inbox.length,
      gaps: gapsIn(inbox),
      pollsMissing: pollsMissing(inbox),
      writes: taps.flatMap(({ entries }) => entries).filter(({ wallMs }) => wallMs >= badFromMs).length,
      auditEntries: inbox.filter(({ kind, ts }) => kind === 'audit' && Date.parse(ts) >= badFromMs).length,
      auditOk: verifyAudit(dataDir).ok,
    };
    return { ...result, problems: [...problemsOf(result), ...afterwards] };
  } finally {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Orders at one battery, a standing one at the other; an emergency stop in the middle. */
async function stretch(site: RealSite, { stretchMs }: DiskSize, seed: number): Promise<Stretch> {
  await order(site, 'bess-2', STANDING_W, 600);
  const marks = await bothMarks(site);
  const lapsesBefore = await metric(site, 'bess_permit_lapses_total');
  const tookMs: number[] = [];
  const refused: Record<string, number> = {};
  let orders = 0;
  const until = performance.now() + stretchMs / 2;
  for (let n = 0; performance.now() < until; n += 1) {
    const from = performance.now();
    const { ok, code } = await order(site, 'bess-1', ((seed + n) % 2 === 0 ? 1 : -1) * (10_000 + 100 * n), 30);
    tookMs.push(performance.now() - from);
    if (ok) orders += 1;
    else refused[code] = (refused[code] ?? 0) + 1;
    await sleep(ORDER_EVERY_MS);
  }
  const rearms = await writesSince(site.plant, 1, marks[1], TRIGGER);
  const stop = await press(site);
  await sleep(stretchMs / 2);
  const polls = await Promise.all(marks.map((mark, at) => pollsSince(site.plant, at, mark)));
  return {
    polls: rhythmOf(polls.flat()),
    ...stop,
    orders,
    refused,
    orderP99Ms: quantile(tookMs, 0.99),
    rearmMaxMs: rhythmOf(rearms).max,
    permitLapses: (await metric(site, 'bess_permit_lapses_total')) - lapsesBefore,
  };
}

async function press(site: RealSite): Promise<Pick<Stretch, 'stopWriteMs' | 'stopped'>> {
  const marks = await bothMarks(site);
  const from = Date.now();
  const { body } = await site.post('/api/v1/estop', { reason: 'campaign', issuer: 'campaign' });
  const first = await Promise.all(
    marks.map(async ({ writes }, at) => (await site.plant.tap(writes, at)).entries[0]?.wallMs ?? Number.NaN),
  );
  return { stopWriteMs: Math.max(...first) - from, stopped: body.data?.zero ?? [] };
}

async function rearm(site: RealSite): Promise<void> {
  await site.until('the emergency stop is reset', 20_000, async () => {
    const words = ['--issuer', 'campaign', '--cause', 'campaign', '--confirmed-safe'];
    return (await site.json('reset-estop', ...words)).ok;
  });
}

let orderId = 0;

async function order(
  site: RealSite,
  asset: string,
  w: number,
  seconds: number,
): Promise<{ ok: boolean; code: string }> {
  const id = `campaign-${(orderId += 1)}`;
  const request = { id, asset_id: asset, w, duration_s: seconds, issuer: 'campaign' };
  return (await site.post('/api/v1/dispatch', request)).body;
}

function problemsOf(result: Omit<DiskResult, 'problems'>): readonly string[] {
  const { healthy, bad, alarms } = result;
  const ofRecord = [...alarms].filter(([id]) => id.startsWith('record-'));
  const told = ofRecord.map(([id, { raised, returned }]) => `${id} raised ${raised}, returned ${returned}`).join('; ');
  const checks: readonly (readonly [boolean, string])[] = [
    [bad.polls.max <= Math.max(2 * POLL_MS, (healthy?.polls.max ?? 0) + POLL_MS / 2), 'a poll came late'],
    [bad.permitLapses === 0, 'a permit lapsed'],
    [bad.stopWriteMs <= STOP_WRITE_MS, `the stop was written after ${bad.stopWriteMs} ms`],
    [bad.stopped.length === 2, 'the emergency stop did not bring both to zero'],
    [ofRecord.length === 1 && ofRecord.every(([, n]) => n.raised === 1 && n.returned === 1), `not one alarm: ${told}`],
    [result.recordRestarts === 0, 'the record thread was restarted'],
    [result.gaps === 0 && result.pollsMissing === 0, 'reports are missing at the receiver'],
    [result.auditEntries >= result.writes, 'writes to a device are missing in the audit log'],
    [result.auditOk, 'the audit log is broken'],
  ];
  return checks.flatMap(([holds, what]) => (holds ? [] : [what]));
}

/** Whether an alarm of the record stands. */
async function standing(site: RealSite): Promise<boolean> {
  const { data } = await site.get('/api/v1/alarms');
  return data.active.some(({ alarm_id, state }: { alarm_id: string; state: string }) => {
    return alarm_id.startsWith('record-') && state === 'active';
  });
}

async function bothMarks(site: RealSite): Promise<readonly [Mark, Mark]> {
  return [await markOf(site.plant, 0), await markOf(site.plant, 1)];
}

async function metric(site: RealSite, name: string): Promise<number> {
  const lines = String(await site.get('/metrics')).split('\n');
  const values = lines.filter((line) => line.startsWith(`${name}{`)).map((line) => Number(line.split(' ').at(-1)));
  return values.reduce((sum, value) => sum + value, 0);
}

type Node = { readonly id: string; readonly restarts: number; readonly children?: readonly Node[] };

function restartsOf(node: Node, id: string): number {
  const own = node.id === id ? node.restarts : 0;
  return (node.children ?? []).reduce((sum, child) => sum + restartsOf(child, id), own);
}
