/**
 * Guard actor: for every telemetry frame a permit, before anything else happens.
 *
 * Owns     the guard state of each asset (hysteresis, plausibility). It is kept outside, so that a new guard is never bolder
 *          than the old one: what was engaged, doubted or waited for stays so. And what the grid connection leaves to all.
 * Accepts  TELEMETRY from drivers of assets, meters and battery management systems, AWAITED before it; LATCH_STATE from the
 *          E-stop.
 * Emits    PERMIT to the driver at once; trips and faults to the E-stop; alarms and blocks to the board.
 * Ends     only on shutdown. While it is away permits lapse, and nobody moves power unguarded.
 */
import type { EventObject } from 'xstate';
import type { GuardMessage, Telemetry } from '../contracts/messages.ts';
import type { Permit } from '../contracts/permit.ts';
import { FEED_EVERY_MS } from '../contracts/stopper.ts';
import type { TelemetryFrame } from '../contracts/telemetry.ts';
import { compile } from '../machines/compiled/compile.ts';
import { guardMachine } from '../machines/guard/guard.machine.ts';
import { judge, UNJUDGED } from '../machines/guard/guard.ts';
import type { GuardConfig, GuardState, Judgement, SiteLatch } from '../machines/guard/guard.ts';
import { joinBms } from '../machines/guard/join.ts';
import { clampToPermit } from '../machines/device/setpoint.ts';
import { fromProcess } from '../supervisor/process.ts';
import type { Board } from './board.ts';
import { runChart } from './chart.ts';
import { nameOfDriver } from './driver/driver.actor.ts';
import { createGridGuard } from './grid-guard.ts';
import type { StopperLine } from './stopper-line.ts';
import type { GridInputs } from './grid-guard.ts';

export type GuardInputs = {
  readonly configs: ReadonlyMap<string, GuardConfig>;
  readonly grid: GridInputs;
  readonly board: Board;
  /** The states as the last guard left them, by asset; plain data that a reducer made. */
  readonly memory: Map<string, GuardState>;
  /** Told after every judgement: the cause of a trip or fault that still stands, or undefined. */
  readonly onCause: (assetId: string, cause: string | undefined) => void;
  /** The newest frame of every device that is only read, by device. */
  readonly instruments: Map<string, TelemetryFrame>;
  /** Where the site has a stopper: fed from here, so that it hears at once when control turns no more. */
  readonly stopperLine?: StopperLine | undefined;
};

const chart = compile(guardMachine);

/** Until the E-stop has spoken the site counts as latched. */
const UNKNOWN_LATCH: SiteLatch = { epoch: -1, latched: true };

export const guardActor = fromProcess<GuardMessage, GuardInputs>(async ({ input, signal, clock, onMessage, send }) => {
  const { configs, board, instruments } = input;
  const states = input.memory;
  const blocked = new Map<string, string>();
  const permits = new Map<string, Permit>();
  /** Until when (monotonic) a calibration charge is allowed; a new guard knows of none. */
  const calibrations = new Map<string, number>();
  const last = new Map<string, Telemetry>();
  const grid = createGridGuard(input.grid, board, clock, give);
  const charts = new Map([...configs.keys()].map((id) => [id, runChart(chart, undefined, clock, shows(id))]));
  let site = UNKNOWN_LATCH;

  onMessage((message) => {
    if (message.type === 'TELEMETRY') return take(message);
    if (message.type === 'AWAITED') return judgeAgain(message.assetId);
    if (message.type === 'CALIBRATE') return void calibrations.set(message.assetId, message.untilMs);
    const { latch } = message;
    site = { epoch: latch.epoch, latched: latch.estop !== null };
    if (site.latched) calibrations.clear();
    for (const [id] of configs)
      states.set(id, { ...(states.get(id) ?? UNJUDGED), tripped: latch.trips[id] !== undefined });
    // A changed latch voids every permit; what was seen a moment ago is judged again under the new one.
    for (const telemetry of last.values()) consider(telemetry);
  });
  send('estop', { type: 'LATCH_WANTED', from: 'guard' } as EventObject);
  if (input.stopperLine) feed(input.stopperLine);
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));

  function feed(line: StopperLine): void {
    send('stopper', { type: 'POST', value: line.feed() } as EventObject);
    clock.setTimeout(() => feed(line), FEED_EVERY_MS);
  }

  function take(message: Telemetry): void {
    const { frame } = message;
    if (configs.has(frame.assetId)) {
      last.set(frame.assetId, message);
      consider(message);
    } else {
      instruments.set(frame.assetId, frame);
      for (const telemetry of last.values())
        if (configs.get(telemetry.frame.assetId)?.bms?.id === frame.assetId) consider(telemetry);
    }
    grid.see(frame, clock.now());
  }

  function consider({ frame: own, ceiling, order, proof }: Telemetry): void {
    const planned = configs.get(own.assetId);
    if (!planned) return;
    const config = { ...planned, caps: planned.capsWith?.(proof) ?? planned.caps };
    const { assetId } = own;
    const nowMs = clock.now();
    const { frame, silent } = config.bms
      ? joinBms(own, instruments.get(config.bms.id), config.bms, nowMs)
      : { frame: own, silent: [] };
    // What the last permit left of the order is what the device was told.
    const orderedW = clampToPermit(order?.w ?? 0, permits.get(assetId) ?? { maxChargeW: 0, maxDischargeW: 0 });
    const judgement = judge(states.get(assetId) ?? UNJUDGED, frame, ceiling, config, site, nowMs, {
      silent,
      orderedW,
      calibrating: nowMs < (calibrations.get(assetId) ?? Number.NEGATIVE_INFINITY),
    });
    states.set(assetId, judgement.state);
    const { trip, fault, permit } = judgement;
    // The latch first: it reaches the driver before the permit does, and outlives all of us.
    if (trip) send('estop', { type: 'TRIP_REQUESTED', assetId, kind: 'trip', cause: trip.cause } as EventObject);
    else if (fault !== undefined)
      send('estop', { type: 'TRIP_REQUESTED', assetId, kind: 'fault', cause: fault } as EventObject);
    const given = grid.narrow({ frame, permit, order }, nowMs);
    const room = grid.room(nowMs);
    // The driver goes on from its permit to the write; a stop does not wait for those who are only told.
    queueMicrotask(() => {
      send('dispatcher', { type: 'ASSET_SEEN', frame, permit, room } as EventObject);
      tell(assetId, judgement, given);
    });
  }

  /** Changes nothing, and nobody hears of it. */
  function judgeAgain(assetId: string): void {
    const config = configs.get(assetId);
    const telemetry = last.get(assetId);
    if (!config || !telemetry) return;
    const { frame, ceiling } = telemetry;
    judge(states.get(assetId) ?? UNJUDGED, frame, ceiling, config, site, clock.now(), NO_CIRCUMSTANCES);
  }

  function give(permit: Permit): void {
    permits.set(permit.assetId, permit);
    send(nameOfDriver(permit.assetId), { type: 'PERMIT', permit } as EventObject);
  }

  function shows(assetId: string): (from: string, to: string) => void {
    return (from, to) => board.event('transition', { asset_id: assetId, machine: 'guard', from, to });
  }

  function tell(assetId: string, { alarms, causeGone, fault }: Judgement, permit: Permit): void {
    input.onCause(assetId, fault ?? (causeGone ? undefined : 'a limit of the battery is still exceeded'));
    for (const { id, severity } of ROW_ALARMS) {
      const raised = alarms.find((alarm) => alarm.id === id);
      board.alarm(id, raised !== undefined, severity, raised?.message ?? '', assetId);
    }
    charts.get(assetId)?.send({
      type: 'JUDGED',
      charge: permit.maxChargeW > 0,
      discharge: permit.maxDischargeW > 0,
      latched: LATCHED.some((reason) => permit.reasons.charge.includes(reason)),
      lifeMs: Math.max(0, permit.expiresAtMs - clock.now()),
    });
    const now = [
      permit.maxChargeW === 0 ? `charge: ${permit.reasons.charge.join(' ')}` : '',
      permit.maxDischargeW === 0 ? `discharge: ${permit.reasons.discharge.join(' ')}` : '',
    ]
      .filter(Boolean)
      .join('; ');
    if (now !== (blocked.get(assetId) ?? '') && now !== '')
      board.event('safety_block', {
        asset_id: assetId,
        reason: [
          ...new Set([
            ...(permit.maxChargeW === 0 ? permit.reasons.charge : []),
            ...(permit.maxDischargeW === 0 ? permit.reasons.discharge : []),
          ]),
        ].join(','),
        blocked: now,
      });
    blocked.set(assetId, now);
  }
});

const NO_CIRCUMSTANCES = { silent: [], orderedW: 0, calibrating: false };

const LATCHED = ['ESTOP_LATCHED', 'TRIPPED'] as const;

/** Every alarm that the limits table can raise; one that a judgement does not raise has returned. */
const ROW_ALARMS = [
  { id: 'soc-critical-low', severity: 'P1' },
  { id: 'soc-critical-high', severity: 'P2' },
  { id: 'battery-warm', severity: 'P3' },
  { id: 'battery-hot', severity: 'P1' },
  { id: 'cell-spread', severity: 'P3' },
] as const;
