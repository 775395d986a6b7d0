/**
 * The north thread: all JSON and all sockets towards people, programs and the fleet.
 *
 *   main ──reports──▶ view, bus        commands ◀──▶ control over two ports, one of them for the E-stop alone
 *
 *   north        one_for_one, quarantines: nothing here may end the thread
 *   ├─ view      health, alarms, metrics
 *   ├─ tracer    where a collector of traces is named
 *   ├─ broker    the nats-server process, where bessd runs it
 *   ├─ estop_bus a connection of its own, for the emergency stop alone
 *   ├─ bus_thread has the connection of the next: a flood of commands occupies that thread, and not the doors of the E-stop
 *   ├─ bus       telemetry, events, alarms out; status and commands in
 *   ├─ socket    the Unix socket of the machine
 *   └─ http      HTTP and metrics
 */
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { brokerActor } from '../actors/broker.actor.ts';
import { busActor } from '../actors/bus.actor.ts';
import type { BusInput, Endpoint } from '../actors/bus.actor.ts';
import { createBusPlaceBoard } from '../actors/bus-place.ts';
import { faceActor } from '../actors/face.actor.ts';
import { siteViewActor } from '../actors/site-view.actor.ts';
import { COMMANDS } from '../contracts/commands.ts';
import type { CommandName } from '../contracts/commands.ts';
import type { NorthStart, ThreadSignal } from '../contracts/links.ts';
import type { Report } from '../contracts/reports.ts';
import { bmsIdOf } from '../contracts/site-config.ts';
import { commandSubject, statusSubject } from '../contracts/subjects.ts';
import type { SiteStatus } from '../contracts/status.ts';
import { openMemoryBus } from '../io/bus-memory.ts';
import { openNatsBus, withoutCredentials } from '../io/bus-nats.ts';
import type { BusState } from '../io/bus.ts';
import { createDesk } from '../io/command-desk.ts';
import { followCommands } from '../io/command-follow.ts';
import { openControlLink } from '../io/control-link.ts';
import { createFarBus } from '../io/far-bus.ts';
import type { FromBusThread } from '../io/far-bus.ts';
import { listenHttp } from '../io/http-server.ts';
import { openLog } from '../io/log.ts';
import { createMetrics } from '../io/metrics.ts';
import { createSiteView } from '../io/site-view.ts';
import { orderCheck } from '../io/order-signature.ts';
import { listenUnixSocket } from '../io/unix-socket.ts';
import { systemClock as clock } from '../supervisor/clock.ts';
import { attributeLateErrors, startSystem } from '../supervisor/system.ts';
import type { SupervisorSpec } from '../supervisor/spec.ts';
import { inThread } from '../supervisor/thread.ts';
import type { ThreadLogic } from '../supervisor/thread.ts';
import type { BusThreadStart } from './bus.ts';
import { brokerChooser, judgeVersion } from './north-broker.ts';
import { createNotices } from './north-notices.ts';
import { createReads, createSocketHandler } from './north-reads.ts';
import { openTraces } from './north-traces.ts';

const start = workerData as NorthStart & { readonly commands: MessagePort; readonly estop: MessagePort };
const main = parentPort;
if (!main) throw new Error('entry/north.ts runs as a worker thread of the runtime');

/** What the client has read of a flood and not passed on waits there. */
const BUS_HEAP_MB = 128;

const { config, version } = start;
const siteId = config.site.id;
const log = openLog('north', siteId);
const post = (signal: ThreadSignal): void => main.postMessage(signal);
const assetIds = config.assets.map(({ id }) => id);
const view = createSiteView({ siteId, assetIds, pollIntervalMs: config.pollIntervalMs, clock });
const metrics = createMetrics({
  siteId,
  version,
  view,
  clock,
  assetIds,
  instrumentIds: [
    ...config.meters.map(({ id }) => id),
    ...config.assets.filter(({ bms }) => bms !== undefined).map(bmsIdOf),
  ],
});
const notices = createNotices(post, view, clock);
const board = createBusPlaceBoard();
const chooseBroker = brokerChooser(start, notices, log);
const addresses: { http: string | null; nats: BusState } = {
  http: null,
  nats: { connected: false, url: null, version: null },
};

const commands = openControlLink(start.commands, { clock, whenFull: 'refuse' });
const estop = openControlLink(start.estop, { clock, whenFull: 'share' });
const checkOrder = orderCheck(config, clock.wall);
const traces = await openTraces({ start, clock, metrics, log });
const follow = followCommands({
  clock,
  log,
  tracer: traces && { begins: traces.begins, tell: (fact) => system.send('tracer', fact) },
});
const desk = createDesk({ commands, estop, broker, ownAlarms: view.ownAlarms, checkOrder, follow });
const reads = createReads({ start, view, metrics, desk, broker, clock });
const far = createFarBus((value) => void system.send('bus_thread', { type: 'POST', value } as never));
const handleSocket = createSocketHandler({
  start,
  desk,
  whereabouts: () => ({ http: addresses.http, nats_url: natsUrl() }),
});

const system = startSystem(tree(), {
  clock,
  report: (report) => {
    if (report.what !== 'started' && report.what !== 'exited')
      log('part_changed', { child: report.child, what: report.what, why: report.reason });
    if (report.what === 'restarted') metrics.countRestart(report.child);
    notices.judge(report);
  },
});
attributeLateErrors((error) => {
  log('north_defect', { why: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  notices.raise('north-defect', 'P3', `an error that belongs to no part: ${String(error)}`);
});
const alive = setInterval(() => post({ type: 'ALIVE' }), 1000);
main.on('message', (message: Report | { readonly type: 'SHUTDOWN' }) => {
  if (message.type === 'SHUTDOWN') return void shutdown();
  system.send('view', { type: 'REPORT', report: message } as never);
  system.send('bus', { type: 'REPORT', report: message } as never);
  if (traces) system.send('tracer', { type: 'REPORT', report: message } as never);
});
post({ type: 'READY' });

function tree(): SupervisorSpec {
  return {
    id: 'north',
    strategy: 'one_for_one',
    intensity: 5,
    periodMs: 10_000,
    quarantine: true,
    children: [
      { id: 'view', start: () => siteViewActor, input: () => ({ takers: [view.note, metrics.note, reads.note] }) },
      ...(traces ? [traces.child] : []),
      {
        id: 'broker',
        start: () => brokerActor,
        input: () => ({
          choose: chooseBroker,
          announce: (place: Parameters<typeof board.set>[0]) => {
            board.set(place);
            if (place.kind === 'child' && place.url) post({ type: 'LISTENING', what: 'broker', address: place.url });
          },
        }),
      },
      { id: 'estop_bus', start: () => busActor, input: () => busInput('estop', [endpoint('estop')]) },
      { id: 'bus_thread', start: busThread },
      { id: 'bus', start: () => busActor, input: () => busInput('site', siteEndpoints()) },
      {
        id: 'socket',
        start: () => faceActor,
        input: () => ({
          what: 'socket',
          announce: listening,
          listen: () => listenUnixSocket({ socketPath: start.socketPath, handle: handleSocket }),
        }),
      },
      {
        id: 'http',
        start: () => faceActor,
        input: () => ({
          what: 'http',
          announce: listening,
          listen: () =>
            listenHttp({
              ...config.http,
              anyPort: start.anyPort === true || process.env['BESSD_ANY_PORT'] === '1',
              version,
              handle: desk.handle,
              reads,
              log,
            }),
        }),
      },
    ],
  };
}

function listening(signal: Extract<ThreadSignal, { type: 'LISTENING' }>): void {
  if (signal.what === 'http') addresses.http = signal.address;
  notices.clear(`${signal.what}-failing`);
  post(signal);
}

function busInput(lane: 'site' | 'estop', endpoints: readonly Endpoint[]): BusInput {
  const alarmId = lane === 'site' ? 'broker-down' : 'estop-bus-down';
  const onState = (state: BusState): void => {
    if (lane === 'site') addresses.nats = state;
    if (state.connected) notices.clear(alarmId);
    else notices.raise(alarmId, 'P3', `the broker at ${state.url} does not answer; HTTP and the Unix socket work`);
    judgeVersion(state.version, notices);
  };
  return {
    siteId,
    board,
    endpoints,
    onDropped: metrics.countPublishError,
    open: ({ url }) => {
      if (url === null) return openMemoryBus();
      const target = { url, name: `bessd ${siteId} ${lane}`, version, onState };
      return lane === 'estop'
        ? openNatsBus({ ...target, queue: '', clock, log })
        : far.open({ ...target, queue: 'bessd', onDropped: metrics.countPublishError });
    },
  };
}

function busThread(): ThreadLogic {
  return inThread({
    entry: new URL('./bus.ts', import.meta.url),
    start: () => ({ workerData: { siteId } satisfies BusThreadStart }),
    onSignal: (signal) => far.hear(signal as FromBusThread),
    onEnd: far.ended,
    maxHeapMb: BUS_HEAP_MB,
  });
}

function siteEndpoints(): readonly Endpoint[] {
  const names = (Object.keys(COMMANDS) as CommandName[]).filter((name) => name !== 'estop');
  return [{ subject: statusSubject(siteId), answer: () => desk.status('nats') }, ...names.map(endpoint)];
}

function endpoint(name: CommandName): Endpoint {
  return {
    subject: commandSubject(siteId, name),
    answer: (body, traceparent) => desk.handle(name, body, 'nats', traceparent),
  };
}

function broker(): SiteStatus['broker'] {
  const place = board.get();
  if (place?.kind === 'in_process') return { kind: 'in_process', connected: true, url: null, version: null };
  return {
    kind: place?.kind ?? 'child',
    connected: addresses.nats.connected,
    url: natsUrl(),
    version: addresses.nats.version,
  };
}

function natsUrl(): string | null {
  const url = board.get()?.url ?? null;
  return url === null ? null : withoutCredentials(url);
}

/** The thread ends by itself once everything is closed; the timer is for what hangs. */
async function shutdown(): Promise<void> {
  setTimeout(() => process.exit(0), 8000).unref();
  await system.stop();
  await traces?.close();
  clearInterval(alive);
  notices.close();
  commands.close();
  estop.close();
  main?.close();
}
