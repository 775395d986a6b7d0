/**
 * The whole tree of a site on one screen. Children start top to bottom and stop bottom to top, so commanding ends before
 * protection does.
 *
 *   site            one_for_one      only control escalates to it; gives up → the process ends → systemd
 *   ├─ keeping      quarantines      record: thread, the SQLite record
 *   ├─ guarding     quarantines      stopper: own process, fed by the guard, ended after control
 *   ├─ control      rest_for_one     this thread; needs nothing outside itself
 *   │  ├─ estop     the latch
 *   │  ├─ field     quarantines      one driver per device: assets, their BMS, meters
 *   │  ├─ guard     dies → dispatcher restarts with it; permits lapse meanwhile
 *   │  └─ dispatcher
 *   └─ outside      quarantines      north: thread, all JSON and all sockets; uplinks: a thread each
 */
import type { AnyActorLogic, EventObject } from 'xstate';
import { createBoard } from './actors/board.ts';
import type { Board } from './actors/board.ts';
import { dispatcherActor } from './actors/dispatcher/dispatcher.actor.ts';
import type { DispatcherInputs } from './actors/dispatcher/dispatcher.actor.ts';
import type { DriverInput } from './actors/driver/cockpit.ts';
import { driverActor, nameOfDriver } from './actors/driver/driver.actor.ts';
import { phaseOf } from './actors/driver/rhythm.ts';
import { estopActor } from './actors/estop/estop.actor.ts';
import { estopRequest } from './actors/estop/asked.ts';
import type { EstopInputs, LatchView } from './actors/estop/inputs.ts';
import { gridMemory } from './actors/grid-guard.ts';
import { openGridNote } from './actors/grid-note.ts';
import { guardActor } from './actors/guard.actor.ts';
import type { GuardInputs } from './actors/guard.actor.ts';
import type { Clock } from './contracts/clock.ts';
import type { Reply } from './contracts/commands.ts';
import { refusal } from './contracts/faults.ts';
import type { CommandMessage, ThreadSignal } from './contracts/links.ts';
import type { OpenDevice, OpenSyncedFile } from './contracts/ports.ts';
import type { Report } from './contracts/reports.ts';
import type { SiteStatus } from './contracts/status.ts';
import { seconds } from './contracts/units.ts';
import type { LoadedSite } from './io/site-file.ts';
import { sunspecDefinitions } from './io/sunspec-models.ts';
import { scanSunspec } from './io/sunspec-scan.ts';
import type { GuardState } from './machines/guard/guard.ts';
import { referencedModels } from './machines/sunspec/bind.ts';
import { createSiteMode } from './actors/site-mode.ts';
import type { SiteModeView } from './actors/site-mode.ts';
import { createStopperLine } from './actors/stopper-line.ts';
import type { StopperLine } from './actors/stopper-line.ts';
import { planSite } from './site-plan.ts';
import type { DevicePlan, InstrumentPlan } from './site-plan.ts';
import { siteStatus } from './site-status.ts';
import { startSystem } from './supervisor/system.ts';
import type { RunningSystem } from './supervisor/system.ts';
import { supervisor } from './supervisor/supervisor.ts';
import type { ChildSpec, SupervisorSpec } from './supervisor/spec.ts';

export type SiteParts = {
  readonly loaded: LoadedSite;
  readonly clock: Clock;
  readonly openDevice: OpenDevice;
  readonly openFile: OpenSyncedFile;
  /** Processor time is spent for shorter ways from an answer to a stop: worth nothing where time is not real. */
  readonly walksAhead?: boolean;
  /** Everything that control tells; must not block. */
  readonly report: (report: Report) => void;
  /** Logic of the record and north threads; a site in memory has none. */
  readonly record?: () => AnyActorLogic;
  /** The stopper, with control's end of the line to it. */
  readonly stopper?: (line: StopperLine) => AnyActorLogic;
  readonly north?: () => AnyActorLogic;
  /** Logic of each uplink's thread, by its id. */
  readonly uplinks?: ReadonlyMap<string, () => AnyActorLogic>;
};

export type Site = {
  readonly system: RunningSystem;
  readonly stopperLine: StopperLine | undefined;
  readonly status: () => Omit<SiteStatus, 'broker'>;
  /** An alarm of a part outside control, for status and record. */
  readonly notice: (notice: Extract<ThreadSignal, { type: 'NOTICE' }>) => void;
  /** An uplink delivers now, or does not. */
  readonly uplink: SiteModeView['uplink'];
  /** Hands a validated command to the part of control that answers it. */
  readonly command: (message: CommandMessage, reply: (reply: Reply) => void) => void;
};

export function startSite(parts: SiteParts): Site {
  const { loaded, clock, openDevice, openFile, report } = parts;
  const { site, limits, limitsHash } = loaded;
  const { assets, instruments } = planSite(loaded);
  const board = createBoard(clock, report, openFile('alarms.json'));
  const startedAtMs = clock.now();
  const causes = new Map<string, string>();
  const { stopper } = parts;
  const stopperLine = stopper && createStopperLine(board, clock);
  const mode = createSiteMode({
    clock,
    board,
    heldBack: site.readOnly || site.assets.every(({ readOnly, shadow }) => readOnly || shadow),
    hasUplinks: site.uplinks.length > 0,
    autonomousAfterMs: site.autonomousAfterS * 1000,
  });
  let latch: LatchView | undefined;

  const estop: EstopInputs = {
    site,
    board,
    file: openFile('latch.json'),
    memory: { latch: undefined, asked: new Set() },
    onLatch: (view) => {
      latch = view;
      mode.latched(view.latch.estop !== null);
      board.desk.tagged(Object.keys(view.latch.maintenance));
    },
    standingCause: (assetId) => causes.get(assetId),
  };
  const guardStates = new Map<string, GuardState>();
  const gridNote = openGridNote(
    openFile('grid.json'),
    guardStates,
    assets.map(({ asset }) => asset.id),
  );
  const guard: GuardInputs = {
    configs: new Map(assets.map((plan) => [plan.asset.id, plan.guard])),
    grid: {
      grid: site.grid,
      terminals: new Map(assets.map(({ asset, terminal }) => [asset.id, terminal])),
      memory: gridMemory(),
    },
    instruments: new Map(),
    stopperLine,
    board,
    memory: guardStates,
    onCause: (assetId, cause) => {
      if (cause === undefined) causes.delete(assetId);
      else causes.set(assetId, cause);
      gridNote.follow(assetId);
    },
  };
  const dispatcher: DispatcherInputs = {
    site,
    limits,
    profiles: loaded.profiles,
    board,
    ledgerFile: openFile('orders.json'),
  };
  const devices = [...assets, ...instruments].map((plan) => plan.asset.id);
  const driver = (
    notices: Board,
    { asset, profile, points, staleAfter, capsWith, lookouts }: DevicePlan,
    role?: InstrumentPlan['role'],
  ): ChildSpec => {
    const originalsFile = openFile(`originals-${asset.id}.json`);
    const openOrderFile = openFile(`order-${asset.id}.json`);
    const deadmanFile = openFile(`deadman-${asset.id}.json`);
    const input: DriverInput = {
      asset,
      profile,
      points,
      discover: scanSunspec,
      definitions: sunspecDefinitions(referencedModels(profile)),
      staleAfter,
      capsWith,
      lookouts,
      walksAhead: parts.walksAhead ?? false,
      pollIntervalMs: site.pollIntervalMs,
      pollPhaseMs:
        devices.length > 1 ? phaseOf(devices.indexOf(asset.id), devices.length, site.pollIntervalMs) : undefined,
      readOnly: site.readOnly,
      limitsHash,
      openDevice,
      originalsFile,
      originalsMemory: { newest: undefined },
      openOrderFile,
      deadmanFile,
      board: notices,
      // The stopper stops inverters; it disconnects nothing.
      stopperLine: role ? undefined : stopperLine,
      disconnects: role?.kind === 'bms' && role.disconnects ? role.assetId : undefined,
    };
    return { id: nameOfDriver(asset.id), start: () => driverActor, input: () => input, shutdown: 5000 };
  };
  // What is only read has its place on the board beside the assets.
  const aside: Board = { ...board, assets: board.instruments };

  const field: SupervisorSpec = {
    id: 'field',
    strategy: 'one_for_one',
    quarantine: true,
    // A device that is silent keeps no other from being brought to its exit state.
    endsTogether: true,
    intensity: 5,
    periodMs: seconds(30),
    children: [
      ...assets.map((plan) => driver(board, plan)),
      ...instruments.map((plan) => driver(aside, plan, plan.role)),
    ],
  };
  const control: SupervisorSpec = {
    id: 'control',
    strategy: 'rest_for_one',
    intensity: 5,
    periodMs: seconds(30),
    children: [
      { id: 'estop', start: () => estopActor, input: () => estop },
      { id: 'field', start: () => supervisor(field), type: 'supervisor' },
      { id: 'guard', start: () => guardActor, input: () => guard },
      { id: 'dispatcher', start: () => dispatcherActor, input: () => dispatcher },
    ],
  };
  const tree: SupervisorSpec = {
    id: 'site',
    strategy: 'one_for_one',
    intensity: 0,
    children: [
      ...apart('keeping', parts.record ? [['record', parts.record]] : []),
      ...apart('guarding', stopper && stopperLine ? [['stopper', () => stopper(stopperLine)]] : []),
      { id: 'control', start: () => supervisor(control), type: 'supervisor' },
      ...apart('outside', [
        ...(parts.north ? [['north', parts.north] as const] : []),
        ...[...(parts.uplinks ?? [])].map(([id, start]) => [`uplink-${id}`, start] as const),
      ]),
    ],
  };
  const system = startSystem(tree, {
    clock,
    report: ({ supervisor: where, child, what, reason, restarts }) => {
      if (
        what === 'restarted' ||
        what === 'failed' ||
        what === 'quarantined' ||
        what === 'gave_up' ||
        what === 'killed'
      )
        board.event('restart', { supervisor: where, child, what, reason, restarts });
      if (what === 'quarantined') board.alarm(`quarantined-${child}`, true, 'P2', `${child} keeps failing: ${reason}`);
      if (what === 'restarted') board.alarm(`quarantined-${child}`, false, 'P2', '');
    },
  });

  return {
    system,
    stopperLine,
    status: () =>
      siteStatus({
        loaded,
        board,
        frames: guard.instruments,
        assets,
        latch,
        tree: system.tree(),
        startedAtMs,
        clock,
        mode: mode.mode(),
      }),
    uplink: mode.uplink,
    notice: ({ alarm_id, state, severity, message }) => board.alarm(alarm_id, state === 'active', severity, message),
    command: (message, reply) =>
      message.command.name === 'alarm'
        ? reply(board.desk.command(message.command.body))
        : route(system, { estop, clock }, message, reply),
  };
}

/** What must never take control down: children of a supervisor that parks them. */
function apart(
  place: string,
  children: readonly (readonly [id: string, start: () => AnyActorLogic])[],
): readonly ChildSpec[] {
  if (children.length === 0) return [];
  const spec: SupervisorSpec = {
    id: place,
    strategy: 'one_for_one',
    quarantine: true,
    intensity: 3,
    periodMs: seconds(30),
    children: children.map(([id, start]) => ({ id, start, shutdown: 8000 })),
  };
  return [{ id: place, start: () => supervisor(spec), type: 'supervisor' }];
}

function route(
  system: RunningSystem,
  { estop: { memory, site }, clock }: { readonly estop: EstopInputs; readonly clock: Clock },
  message: CommandMessage,
  reply: (reply: Reply) => void,
): void {
  const { command } = message;
  const delivered = ((): boolean => {
    switch (command.name) {
      case 'estop': {
        const assets = site.assets.map(({ id }) => id);
        const request = estopRequest({ ...command.body, trace: message.trace, reply }, assets, clock);
        memory.asked.add(request);
        // Where nobody is there now, the next one begins with it.
        system.send('estop', request);
        return true;
      }
      case 'reset_estop':
      case 'reset_trip':
      case 'maintenance':
      case 'accept_firmware':
      case 'drill':
      case 'calibrate':
        return system.send('estop', { type: 'LATCH_COMMAND', message, reply } as EventObject);
      case 'dispatch':
      case 'stop':
        return system.send('dispatcher', { type: 'COMMAND_CAME', message, reply } as EventObject);
      case 'alarm':
      case 'status':
        return false;
    }
  })();
  if (!delivered) reply(refusal('NOT_READY', `the part that answers ${command.name} is being restarted`));
}
