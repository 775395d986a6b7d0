/**
 * The drill of the dead-man on one device: who may start it, what the driver wants meanwhile, and what is kept of it.
 *
 * Only on an asset that is tagged out. What it found is kept on the disk per serial number and firmware; the cap of the guard
 * counts it from then on. The device is stopped at the end, and stays tagged out.
 */
import { refusal } from '../../contracts/faults.ts';
import type { Code } from '../../contracts/faults.ts';
import type { DeadmanRecord } from '../../contracts/latch.ts';
import type { StartDrill } from '../../contracts/messages.ts';
import { beginDrill, callOff, drillEndsAtMs, lookAtDrill } from '../../machines/device/drill.ts';
import type { Finding } from '../../machines/device/drill.ts';
import { toleranceW } from '../../machines/device/effect.ts';
import { isLive, samePosture } from '../../machines/device/posture.ts';
import type { Posture } from '../../machines/device/posture.ts';
import { followed, isForced, ratingOf, situationOf } from './situation.ts';
import type { Cockpit } from './cockpit.ts';
import { saveProof } from './drill-record.ts';
import { refusalOfAll } from './refusal.ts';
import { connectionOf } from './reporting.ts';

/** Of the rating: small, and well apart from zero. */
const DRILL_SHARE = 0.05;
const LEAST_DRILL_W = 600;
const FORCE_EXTRA_MS = 30_000;

export function startDrill(cockpit: Cockpit, { by, reply }: StartDrill): void {
  const code = refusalOfDrill(cockpit);
  if (code) return reply(refusal(...code));
  const { clock, epoch, input, permit } = cockpit;
  const { control } = input.profile;
  const rating = ratingOf(input);
  const smallW = Math.max(DRILL_SHARE * rating, LEAST_DRILL_W);
  const w = (permit?.maxDischargeW ?? 0) >= smallW ? smallW : -smallW;
  cockpit.drill = beginDrill({
    by,
    w,
    epoch,
    startedAtMs: clock.now(),
    timeoutMs: control?.deadman?.timeoutMs ?? 0,
    forceWithinMs: (control?.actuator.settleMs ?? 0) + FORCE_EXTRA_MS,
    toleranceW: toleranceW(rating),
  });
  tell(cockpit, 'idle', 'forcing', { w, issuer: by });
  reply({
    ok: true,
    data: { asset_id: input.asset.id, w, ends_within_s: (drillEndsAtMs(cockpit.drill) - clock.now()) / 1000 },
  });
}

function refusalOfDrill(cockpit: Cockpit): [Code, string] | undefined {
  const { context, local, shadow, permit, epoch, nowMs } = situationOf(cockpit);
  const { asset, profile } = cockpit.input;
  if (context.maintenance === undefined)
    return ['NOT_READY', `tag ${asset.id} out first (bessd maintenance): a drill is done on no other asset`];
  if (cockpit.drill) return ['NOT_READY', 'a drill is under way'];
  const code = refusalOfAll(cockpit, false);
  if (code) return [code, `${asset.id} may not be written`];
  if (shadow || local) return [shadow ? 'SHADOW' : 'LOCAL', `${asset.id} may not be commanded`];
  if (context.estopped) return ['ESTOP_LATCHED', 'reset the emergency stop first'];
  if (context.trip !== undefined || context.fault !== undefined) return ['TRIPPED', 'reset the trip first'];
  if (!profile.control?.deadman || !profile.control.sequences.charge)
    return ['NO_SETPOINT', `${profile.name} declares no dead-man that could be tried`];
  if (connectionOf(cockpit) !== 'online') return ['LINK_DOWN', `${asset.id} is not reachable`];
  if (!isLive(permit, epoch, nowMs)) return ['NO_PERMIT', 'the guard gives no live permit'];
  const smallW = Math.max(DRILL_SHARE * ratingOf(cockpit.input), LEAST_DRILL_W);
  if (Math.max(permit.maxChargeW, permit.maxDischargeW) < smallW)
    return ['LIMIT', `the permit leaves less than ${smallW} W in either direction`];
  return undefined;
}

/** What the device is to do for the drill; undefined where there is none. */
export function drillPosture({ drill }: Cockpit): Posture | undefined {
  switch (drill?.phase) {
    case undefined:
      return undefined;
    case 'forcing':
      return { kind: 'power', w: drill.w };
    case 'silent':
      return { kind: 'none' };
    case 'stopping':
      return { kind: 'hold' };
  }
}

/** Until when there is to be no connection; undefined: now is as good as ever. */
export function silentUntilMs({ drill, clock }: Cockpit): number | undefined {
  return drill?.phase === 'silent' && clock.now() < drill.lookAtMs ? drill.lookAtMs : undefined;
}

/** At the end of every poll. */
export function observeDrill(cockpit: Cockpit): void {
  const { drill, clock, helm } = cockpit;
  const wanted = drillPosture(cockpit);
  if (!drill || !wanted) return;
  const next = lookAtDrill(drill, {
    nowMs: clock.now(),
    powerW: followed(cockpit),
    forced: cockpit.input.profile.control?.forced ? isForced(cockpit) : undefined,
    armedAtMs: helm.armedAtMs,
    arrived: samePosture(helm.posture, wanted),
  });
  if (next && next.phase !== drill.phase) tell(cockpit, drill.phase, next.phase, foundOf(next.finding));
  cockpit.drill = next;
  if (!next) finish(cockpit, drill.finding, drill.by);
}

/** An emergency stop, a trip, a tag that is taken away: what is forced is stopped. */
export function callOffDrill(cockpit: Cockpit, why: string): void {
  if (cockpit.drill) cockpit.drill = callOff(cockpit.drill, why, cockpit.clock.now());
  cockpit.wake();
}

/** After its time a drill is over even where the device never came back. */
export function expireDrill(cockpit: Cockpit): void {
  const { drill, clock } = cockpit;
  if (!drill || clock.now() < drillEndsAtMs(drill)) return;
  cockpit.drill = undefined;
  const why = 'the device was not seen again in time';
  finish(cockpit, drill.finding ?? { result: 'inconclusive', timeMs: 0, resultingW: undefined, why }, drill.by);
}

function finish(cockpit: Cockpit, finding: Finding | undefined, by: string): void {
  const { input, clock, serial = '', firmware = '' } = cockpit;
  tell(cockpit, 'stopping', finding?.result ?? 'inconclusive', { ...foundOf(finding), firmware, issuer: by });
  if (!finding || finding.result === 'inconclusive') return;
  const found: DeadmanRecord = {
    serial,
    firmware,
    state: finding.result,
    timeMs: Math.round(finding.timeMs),
    mechanism: input.profile.control?.deadman?.mechanism ?? '',
    resultingW: finding.resultingW ?? null,
    atWallMs: clock.wall(),
    by,
  };
  cockpit.proof = found;
  void saveProof(cockpit, found).then(
    () => savedAs(true),
    () => savedAs(false),
  );

  function savedAs(onDisk: boolean): void {
    const { board, asset } = input;
    board.alarm(
      'deadman-unsaved',
      !onDisk,
      'P3',
      'what the drill found is not on the disk: it holds until a restart',
      asset.id,
    );
  }
}

function tell({ input }: Cockpit, from: string, to: string, more: Readonly<Record<string, unknown>>): void {
  input.board.event('transition', { asset_id: input.asset.id, machine: 'deadman_drill', from, to, ...more });
}

function foundOf(finding: Finding | undefined): Readonly<Record<string, unknown>> {
  return finding ? { time_s: finding.timeMs / 1000, measured_w: finding.resultingW ?? null, reason: finding.why } : {};
}
