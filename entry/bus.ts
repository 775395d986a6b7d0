/**
 * The bus thread: the site's ordinary connection to the bus, so that ten thousand requests at once occupy nobody else.
 *
 * Gets `ToBusThread` and `SHUTDOWN` as messages, `BusThreadStart` as workerData. Posts `FromBusThread`, ALIVE every second.
 * Without this thread a site hears nothing over NATS but the emergency stop, whose connection is in the north.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { openNatsBus } from '../io/bus-nats.ts';
import { createFarEnd } from '../io/far-bus-end.ts';
import type { FromBusThread, ToBusThread } from '../io/far-bus.ts';
import { openLog } from '../io/log.ts';
import { systemClock as clock } from '../supervisor/clock.ts';
import { standBehind } from './priority.ts';

export type BusThreadStart = { readonly siteId: string };

const ALIVE_EVERY_MS = 1000;

if (parentPort === null) throw new Error('entry/bus.ts runs as a worker thread');
standBehind();
const north = parentPort;
const log = openLog('bus', (workerData as BusThreadStart).siteId);
const post = (message: FromBusThread): void => north.postMessage(message);
const end = createFarEnd((target, onState) => openNatsBus({ ...target, clock, onState, log }), post);

const alive = setInterval(() => post({ type: 'ALIVE' }), ALIVE_EVERY_MS);
north.on('message', (message: ToBusThread | { readonly type: 'SHUTDOWN' }) => {
  if (message.type !== 'SHUTDOWN') return void end.hear(message);
  clearInterval(alive);
  void end.close().then(() => north.close());
});
post({ type: 'READY' });
