/** A running site with an uplink: what it measures reaches the stream, with units, and the outbox is a metric. */
// deadline: 90 s
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import type { StoredMsg } from '@nats-io/jetstream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { envelopeSchema } from '../../contracts/uplink.ts';
import { dial } from '../../io/bus-nats.ts';
import { natsServer } from '../uplink/nats-server.ts';
import { realSite } from './real-site.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'bessd-uplinks-'));
const server = await natsServer(folder);
if (server === undefined) console.log('SKIPPED: no nats-server is installed');
else {
  test('telemetry of a running site is in the stream, the outbox is empty, and an outage shows and ends', async () => {
    await using site = await realSite({
      assets: 1,
      site: { uplinks: [{ id: 'fleet', kind: 'nats', url: server.url }] },
    });
    await site.startRuntime();
    const subject = `bess.${site.siteId}.uplink.telemetry.bess-1`;
    let one: StoredMsg | null = null;
    // An outbox is empty before the first frame, too.
    await site.until('a frame is in the stream', 20_000, async () => {
      one = await lastOf(subject);
      return one !== null;
    });
    await site.until('the outbox is empty', 20_000, async () => (await outbox(site.http)) === 0);
    const envelope = envelopeSchema.parse((one as StoredMsg | null)?.json());
    assert.ok(envelope.kind === 'telemetry');
    assert.is(envelope.body.values['soc_pct']?.unit, '%');
    assert.is(envelope.body.values['active_power_w']?.unit, 'W');

    await server.kill();
    await site.until('the outbox grows', 30_000, async () => ((await outbox(site.http)) ?? 0) > 5);
    assert.is((await site.json('status')).data.mode, 'online');
    await server.start();
    await site.until('the outbox is empty again', 60_000, async () => (await outbox(site.http)) === 0);
  });

  test.after(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  test.run();
}

/** The newest of a subject; `null` while there is no stream or none in it. */
async function lastOf(subject: string): Promise<StoredMsg | null> {
  const connection = await dial(server?.url ?? '', 'test');
  try {
    const manager = await jetstreamManager(connection);
    return await manager.streams.getMessage('BESSD', { last_by_subj: subject }).catch(() => null);
  } finally {
    await connection.close();
  }
}

async function outbox(http: string): Promise<number | undefined> {
  const text = await (await fetch(`${http}/metrics`)).text();
  const found = /^bess_outbox_depth\{[^}]*uplink="fleet"[^}]*\} (\d+)$/m.exec(text);
  return found ? Number(found[1]) : undefined;
}
