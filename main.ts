/**
 * Entry of a running site: threads, ports, clock and signals put together around the tree of `site.ts`.
 *
 * This thread runs control alone. The record and the north get copies of its reports; commands come back over two ports,
 * the E-stop over one of its own.
 */
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { MessageChannel } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { AnyActorLogic } from 'xstate';
import { refusal } from './contracts/faults.ts';
import type { CommandMessage, NorthStart, RecordStart, ThreadSignal, UplinkStart } from './contracts/links.ts';
import type { Report } from './contracts/reports.ts';
import type { FromStopper } from './contracts/stopper.ts';
import type { TreeNode } from './contracts/status.ts';
import type { UplinkConfig } from './contracts/uplink.ts';
import { openLog } from './io/log.ts';
import { openModbus } from './io/modbus-open.ts';
import type { LoadedSite } from './io/site-file.ts';
import { openSyncedFiles } from './io/synced-file.ts';
import { traceSettings } from './io/trace-settings.ts';
import { WITHOUT_HELPERS } from './entry/node-flags.ts';
import { createPostbox } from './entry/postbox.ts';
import { quietCollection } from './entry/quiet-collection.ts';
import { createReportsLater } from './entry/reports-later.ts';
import { recordedTraces } from './entry/recorded-traces.ts';
import { threadAlarms } from './entry/thread-alarms.ts';
import { unitsOf } from './entry/units.ts';
import type { StopperLine } from './actors/stopper-line.ts';
import { inOsProcess } from './supervisor/os-process.ts';
import { startSite } from './site.ts';
import type { Site } from './site.ts';
import { systemClock } from './supervisor/clock.ts';
import { attributeLateErrors } from './supervisor/system.ts';
import { inThread } from './supervisor/thread.ts';

export type RunOptions = {
  readonly loaded: LoadedSite;
  readonly socketPath: string;
  /** Socket by which there is one stopper; without it there is none, as where the site file says so. */
  readonly stopperPath?: string;
  readonly version: string;
  readonly anyPort: boolean;
  /** Notices of the threads: what listens where, what is degraded. */
  readonly onSignal: (signal: ThreadSignal) => void;
};

export type RunningSite = {
  readonly site: Site;
  /** Orderly end: devices into their exit state, record flushed. */
  readonly stop: () => Promise<void>;
  /** Resolves with the exit code when the tree has ended. */
  readonly ended: Promise<number>;
};

/** Not recorded. */
const OF_THE_MOMENT: readonly Report['type'][] = ['HEARTBEAT', 'CYCLE', 'UPLINK', 'TRACE'];
const HEARTBEAT_MS = 500;
/** Saved on a full disk too: the latch, who waits for the grid, and the ids of orders, without which orders are refused. Bytes. */
const SLOTS = { 'latch.json': 16_384, 'grid.json': 16_384, 'orders.json': 262_144 };
/** A batch and its checkpoint sync the disk up to five times; one that takes ten seconds each is slow, not hung. */
const RECORD_SILENT_MS = 120_000;

export function runSite({ loaded, socketPath, stopperPath, version, anyPort, onSignal }: RunOptions): RunningSite {
  const lag = monitorEventLoopDelay({ resolution: 10 });
  lag.enable();
  const startedAtMs = systemClock.now();
  let lastCycle: string | null = null;
  const record = createPostbox((value) => site?.system.send('record', { type: 'POST', value } as never) ?? false);
  const north = createPostbox((value) => site?.system.send('north', { type: 'POST', value } as never) ?? false);

  const report = createReportsLater((item) => {
    if (item.type === 'TELEMETRY') lastCycle = item.report.ts;
    if (!OF_THE_MOMENT.includes(item.type)) record.post(item);
    if (item.type !== 'AUDIT' || traces) north.post(item);
    traces?.sent(item);
  }, quietCollection());
  const traces = traceSettings(loaded.site)
    ? recordedTraces({
        clock: systemClock,
        ask: (value) => site?.system.send('record', { type: 'POST', value } as never),
        tell: (step) => north.post({ type: 'TRACE', step }),
      })
    : undefined;
  const log = openLog('main', loaded.site.site.id);
  let site: Site | undefined;
  const tellAlarm = (notice: Extract<ThreadSignal, { type: 'NOTICE' }>): void => site?.notice(notice);
  const recordAlarms = threadAlarms(tellAlarm);
  const northAlarms = threadAlarms(tellAlarm);
  const started = startSite({
    loaded,
    clock: systemClock,
    openDevice: openModbus(systemClock),
    walksAhead: true,
    openFile: openSyncedFiles(loaded.dataDir, SLOTS),
    report,
    record: () => recordThread(),
    ...(stopperPath !== undefined &&
      loaded.site.stopper.enabled && { stopper: (line: StopperLine) => stopperProcess(stopperPath, line) }),
    north: () => northThread(),
    uplinks: new Map(loaded.site.uplinks.map((config) => [config.id, () => uplinkThread(config)])),
  });
  site = started;
  attributeLateErrors((error) => {
    // A defect that belongs to no actor: nothing here can be trusted to repair it.
    log('defect', { why: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    process.exitCode = 1;
    void started.system.stop().finally(() => process.exit(1));
  });
  const heartbeat = setInterval(() => {
    report({
      type: 'HEARTBEAT',
      heartbeat: {
        uptime_s: (systemClock.now() - startedAtMs) / 1000,
        last_cycle_ts: lastCycle,
        event_loop_lag_s: Math.max(0, lag.mean / 1e9 - 0.01),
        restarts: restartsOf(started.system.tree()),
      },
    });
    lag.reset();
  }, HEARTBEAT_MS);

  const ended = started.system.ended.then(({ reason }) => {
    clearInterval(heartbeat);
    lag.disable();
    return reason === 'shutdown' ? 0 : 1;
  });
  return {
    site: started,
    ended,
    stop: async () => {
      started.system.send('stopper', { type: 'POST', value: { type: 'LEAVING' } } as never);
      started.stopperLine?.leave();
      await started.system.stop();
    },
  };

  function stopperProcess(lockPath: string, line: StopperLine): AnyActorLogic {
    const entry = fileURLToPath(new URL('./entry/stopper.ts', import.meta.url));
    const note = path.join(loaded.dataDir, 'stopper.json');
    return inOsProcess(() =>
      Promise.resolve({
        command: process.execPath,
        args: ['--max-old-space-size=32', ...WITHOUT_HELPERS, entry, lockPath, note],
        detached: true,
        onStart: (child) => line.started(() => child.kill('SIGKILL')),
        onMessage: (message) => line.hear(message as FromStopper),
        onEnd: line.ended,
      }),
    );
  }

  function recordThread(): AnyActorLogic {
    const workerData: RecordStart = {
      dataDir: loaded.dataDir,
      keepDays: loaded.site.record.keepDays,
      maxBytes: loaded.site.record.maxBytes,
      uplinks: loaded.site.uplinks.map(({ id }) => id),
    };
    return inThread({
      entry: new URL('./entry/record.ts', import.meta.url),
      start: () => ({ workerData }),
      silentAfterMs: RECORD_SILENT_MS,
      onSignal: (signal) => hearRecord(signal as ThreadSignal),
      onEnd: recordAlarms.ended,
    });
  }

  function northThread(): AnyActorLogic {
    return inThread({
      entry: new URL('./entry/north.ts', import.meta.url),
      start: () => {
        const commands = listen();
        const estop = listen();
        const start: NorthStart = { config: loaded.site, dataDir: loaded.dataDir, socketPath, version, anyPort };
        return { workerData: { ...start, commands, estop }, transferList: [commands, estop] };
      },
      onSignal: (signal) => hearNorth(signal as ThreadSignal),
      onEnd: northAlarms.ended,
    });
  }

  function uplinkThread(config: UplinkConfig): AnyActorLogic {
    const workerData: UplinkStart = {
      config,
      siteId: loaded.site.site.id,
      dataDir: loaded.dataDir,
      units: unitsOf(loaded),
    };
    return inThread({
      entry: new URL('./entry/uplink.ts', import.meta.url),
      start: () => ({ workerData }),
      onSignal: (signal) => hearUplink(signal as ThreadSignal),
      onEnd: () => hearUplink({ type: 'UPLINK', uplink: { uplink: config.id, state: 'offline', outbox: null } }),
    });
  }

  /** A fresh port for one incarnation of the north; the other end goes with it. */
  function listen(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (message: CommandMessage) => {
      if (message.command.name === 'status')
        return port1.postMessage({ type: 'REPLY', id: message.id, reply: { ok: true, data: started.status() } });
      if (!site) return port1.postMessage({ type: 'REPLY', id: message.id, reply: refusal('NOT_READY') });
      started.command(message, (reply) => port1.postMessage({ type: 'REPLY', id: message.id, reply }));
    });
    // A port must not keep a process alive whose tree has ended.
    port1.unref();
    return port2;
  }

  function hearRecord(signal: ThreadSignal): void {
    if (signal.type === 'READY') record.open();
    if (signal.type === 'SYNCED') traces?.synced(signal.id);
    recordAlarms.hear(signal);
    onSignal(signal);
  }

  function hearUplink(signal: ThreadSignal): void {
    if (signal.type === 'UPLINK') {
      const { uplink, state } = signal.uplink;
      started.uplink(uplink, state === 'draining' || state === 'online');
      report({ type: 'UPLINK', uplink: signal.uplink });
    }
    onSignal(signal);
  }

  /** The north shows its own alarms on its own faces too, also while control hangs. */
  function hearNorth(signal: ThreadSignal): void {
    if (signal.type === 'READY') north.open();
    northAlarms.hear(signal);
    onSignal(signal);
  }
}

function restartsOf(node: TreeNode): Record<string, number> {
  return Object.assign({ [node.id]: node.restarts }, ...(node.children ?? []).map(restartsOf));
}
