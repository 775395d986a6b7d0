/**
 * An uplink thread: copies the record of the site to one target. It reads the disk and nothing else, so neither control
 * nor the record waits for it.
 *
 * Gets `UplinkStart` as workerData and `{type: 'SHUTDOWN'}`. Posts READY, ALIVE every second, and UPLINK with its state.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { uplinkActor } from '../actors/uplink/uplink.actor.ts';
import type { ThreadSignal, UplinkStart } from '../contracts/links.ts';
import type { UplinkReport } from '../contracts/reports.ts';
import type { OpenTarget, UplinkConfig } from '../contracts/uplink.ts';
import { openLog } from '../io/log.ts';
import { openOutbox } from '../io/record-outbox.ts';
import { openSyncedFiles } from '../io/synced-file.ts';
import { systemClock as clock } from '../supervisor/clock.ts';
import { startSystem } from '../supervisor/system.ts';
import { standBehind } from './priority.ts';

const main = parentPort;
if (!main) throw new Error('entry/uplink.ts runs as a worker thread of the runtime');
standBehind();
const { config, siteId, dataDir, units } = workerData as UplinkStart;
const post = (signal: ThreadSignal): void => main.postMessage(signal);
const log = openLog(`uplink-${config.id}`, siteId);

const system = startSystem(
  {
    id: 'uplink-thread',
    strategy: 'one_for_one',
    intensity: 0,
    children: [
      {
        id: 'uplink',
        start: () => uplinkActor,
        input: () => ({
          id: config.id,
          maxPerSecond: config.maxPerSecond,
          batch: config.batch,
          openTarget: targetOf(config),
          openOutbox: () =>
            openOutbox({ dataDir, siteId, wallMs: clock.wall, unitOf: (asset, point) => units[asset]?.[point] ?? '' }),
          cursorFile: openSyncedFiles(dataDir)(`uplink-${config.id}.json`),
          jitter: Math.random,
          report: (uplink: UplinkReport) => post({ type: 'UPLINK', uplink }),
          log,
        }),
      },
    ],
  },
  {
    clock,
    report: ({ what, reason }) => what === 'failed' && log('uplink_failed', { uplink: config.id, why: reason }),
  },
);
const alive = setInterval(() => post({ type: 'ALIVE' }), 1000);
main.on('message', ({ type }: { readonly type: string }) => {
  if (type === 'SHUTDOWN') void end();
});
void system.ended.then(({ reason }) => {
  if (reason !== 'shutdown') process.exit(1);
});
post({ type: 'READY' });

async function end(): Promise<void> {
  clearInterval(alive);
  await system.stop();
  main?.close();
}

/** Loaded when it is needed: the clients are large, and a site has one or two of them. */
function targetOf(uplink: UplinkConfig): OpenTarget {
  switch (uplink.kind) {
    case 'nats':
      return async (signal) => (await import('../io/uplink-jetstream.ts')).openJetstream(uplink, signal);
    case 'mqtt':
      return async (signal) => (await import('../io/uplink-mqtt.ts')).openMqtt(uplink, siteId, signal);
    case 'pubsub':
      return async (signal) => (await import('../io/uplink-pubsub.ts')).openPubsub(uplink, signal);
  }
}
