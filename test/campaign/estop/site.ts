/**
 * The site of the E-stop campaign: two batteries at full discharge, under a load above their PV, and the three ways to press.
 *
 * Leaving the forced mode is not zero there, and no dead-man helps: what comes to zero was stopped.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Reply } from '../../../contracts/commands.ts';
import type { SiteStatus } from '../../../contracts/status.ts';
import { commandSubject } from '../../../contracts/subjects.ts';
import { dial } from '../../../io/bus-nats.ts';
import { askSocket } from '../../../io/socket-client.ts';
import { realSite } from '../../processes/real-site.ts';
import type { RealOptions, RealSite } from '../../processes/real-site.ts';
import { natsServer } from '../../uplink/nats-server.ts';
import type { NatsServer } from '../../uplink/nats-server.ts';

export const FULL_W = 100_000;
export const WAYS = ['http', 'nats', 'socket'] as const;
export type Way = (typeof WAYS)[number];

export type EstopSite = AsyncDisposable & {
  readonly real: RealSite;
  readonly broker: NatsServer;
  readonly nats: () => Promise<NatsConnection>;
  readonly command: (name: string, body: object, way?: Way) => Promise<Reply>;
  readonly order: (asset: number, w: number, durationS: number) => Promise<Reply>;
  readonly fullDischarge: () => Promise<void>;
  /** Until it is armed again and everything is online. */
  readonly reset: () => Promise<void>;
};

export const ASSETS = 2;
const CAPACITY_WH = 2_000_000;
const ANSWER_MS = 10_000;
/**
 * Devices, broker and people are on other machines in truth: where it is allowed their processes do not wait for the processors
 * of this one. The runtime chooses for itself.
 */
const ELSEWHERE = -15;
const ORDER_S = 3600;

let orders = 0;

/** `deaf`: the batteries go on when nobody speaks to them any more. */
export async function estopSite({
  deaf = true,
  ...options
}: RealOptions & { deaf?: boolean } = {}): Promise<EstopSite> {
  if (process.getuid?.() === 0) setPriority(ELSEWHERE);
  const folder = mkdtempSync(path.join(tmpdir(), 'bessd-estop-'));
  const broker = await natsServer(folder);
  if (!broker) throw new Error('no nats-server is installed');
  const plant = { deaf, capacityWh: CAPACITY_WH };
  const real = await realSite({
    assets: ASSETS,
    simulate: ['--plant', JSON.stringify(plant), '--load', '150000', '--pv', '5000'],
    asset: { capacityWh: CAPACITY_WH, unprovenDeadmanMaxW: FULL_W, rampRateWPerS: 1_000_000 },
    site: { nats: { url: broker.url } },
    ...options,
  });
  let connection: NatsConnection | undefined;
  const self: EstopSite = {
    real,
    broker,
    async nats() {
      if (connection?.isClosed() !== false) connection = await dial(broker.url, 'campaign');
      return connection;
    },
    command: (name, body, way = 'socket') => ask(self, name, { issuer: 'campaign', ...body }, way),
    order: (asset, w, duration_s) =>
      self.command('dispatch', { id: `c-${(orders += 1)}`, asset_id: `bess-${asset + 1}`, w, duration_s }),
    async fullDischarge() {
      const assets = [0, 1];
      await real.until('full discharge', 30_000, async () => {
        const states = await Promise.all(assets.map((at) => real.plant.state(at)));
        // The working mode covers the load with as much.
        const full = states.map(({ forced, batteryW }) => forced && batteryW > 0.99 * FULL_W);
        if (full.every(Boolean)) return true;
        for (const at of assets) if (!full[at]) await self.order(at, FULL_W, ORDER_S);
        await sleep(400);
        return false;
      });
      await self.nats().catch(() => undefined);
      // Not in step with the polls by the orders that were just given.
      await sleep(300);
    },
    async reset() {
      const body = { confirmed_safe: true, cause: 'campaign' };
      await real.until('armed again', 60_000, async () => {
        await sleep(100);
        if ((await self.command('reset_estop', body)).ok) return true;
        const status = await self.command('status', {});
        return status.ok && (status.data as SiteStatus).estop.state === 'armed';
      });
    },
    async [Symbol.asyncDispose]() {
      await connection?.close();
      await real[Symbol.asyncDispose]();
      await broker[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return self;
}

async function ask({ real, nats }: EstopSite, name: string, body: object, way: Way): Promise<Reply> {
  switch (way) {
    case 'socket':
      return askSocket(path.join(real.folder, `bessd-${real.siteId}.sock`), name, body, ANSWER_MS);
    case 'http':
      return (await real.post(`/api/v1/${name.replace('_', '-')}`, body)).body as Reply;
    case 'nats': {
      const subject = commandSubject(real.siteId, name as 'estop');
      return (await (await nats()).request(subject, JSON.stringify(body), { timeout: ANSWER_MS })).json<Reply>();
    }
  }
}
