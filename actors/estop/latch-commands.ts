/**
 * Commands of authorised people on the latch: reset of the E-stop and of trips, maintenance tags, firmware.
 *
 * A reset starts nothing: it only takes away what keeps orders from being accepted.
 */
import type { AnyActorRef, EventObject } from 'xstate';
import type { Clock } from '../../contracts/clock.ts';
import type { Reply, SiteCommand } from '../../contracts/commands.ts';
import { RESET_WINDOW_MS } from '../../contracts/estop.ts';
import { refusal } from '../../contracts/faults.ts';
import type { CommandMessage } from '../../contracts/links.ts';
import type { LatchRecord } from '../../contracts/latch.ts';
import { resetMode } from '../../contracts/site-config.ts';
import { disarmed, tagged, untripped } from '../../machines/site/latch-record.ts';
import { boardFor } from '../board.ts';
import { mayAct } from './authority.ts';
import type { EstopInputs } from './inputs.ts';

export type LatchDesk = {
  readonly input: EstopInputs;
  readonly clock: Clock;
  readonly machine: AnyActorRef;
  readonly latch: LatchRecord;
  readonly change: (next: LatchRecord) => void;
  readonly tellDriver: (assetId: string, message: EventObject) => boolean;
  readonly tellGuard: (message: EventObject) => boolean;
};

type Command<Name extends SiteCommand['name']> = Extract<SiteCommand, { name: Name }>['body' &
  keyof Extract<SiteCommand, { name: Name }>];

export function answerLatchCommand(asked: LatchDesk, { origin, command, trace }: CommandMessage): Reply {
  const { site, board } = asked.input;
  const desk: LatchDesk = { ...asked, input: { ...asked.input, board: boardFor(trace, board) } };
  if (
    command.name !== 'reset_estop' &&
    command.name !== 'reset_trip' &&
    command.name !== 'maintenance' &&
    command.name !== 'accept_firmware' &&
    command.name !== 'drill' &&
    command.name !== 'calibrate'
  ) {
    return refusal('BAD_REQUEST', `${command.name} is not answered here`);
  }
  const { issuer, tokenSha256 } = command.body;
  if (!mayAct(site, origin, issuer, tokenSha256)) {
    const why =
      site.operators.length === 0
        ? 'the site has no operators, so this works only at the machine itself'
        : 'the issuer must be a technician, engineer or admin of the site file and own the token';
    return refusal('NOT_AUTHORISED', why);
  }
  if (command.name === 'reset_estop') return resetEstop(desk, origin, command.body);
  if (!site.assets.some(({ id }) => id === command.body.asset_id))
    return refusal('UNKNOWN_ASSET', `no asset is named ${command.body.asset_id}`, {
      assets: site.assets.map(({ id }) => id),
    });
  if (command.name === 'reset_trip') return resetTrip(desk, command.body);
  if (command.name === 'maintenance') return tag(desk, command.body);
  if (command.name === 'drill') return drill(desk, command.body);
  if (command.name === 'calibrate') return calibrate(desk, command.body);
  return desk.tellDriver(command.body.asset_id, { type: 'ACCEPT_FIRMWARE' })
    ? { ok: true, data: { asset_id: command.body.asset_id } }
    : refusal('NOT_READY');
}

function resetEstop(
  desk: LatchDesk,
  origin: CommandMessage['origin'],
  { issuer, cause }: Command<'reset_estop'>,
): Reply {
  const { input, machine, latch, clock } = desk;
  const { board, site } = input;
  if (!latch.estop) return refusal('NOT_LATCHED');
  if (resetMode(site) === 'local_one_person' && origin !== 'socket')
    return refusal('NOT_AUTHORISED', 'a reset by one person works only at the machine itself');
  const standing = site.assets.map(({ id }) => reasonAgainstReset(desk, id)).filter((reason) => reason !== undefined);
  if (standing.length > 0) return refusal('CAUSE_STANDS', standing.join('; '), { standing });
  const { value: before } = machine.getSnapshot() as unknown as { value: string };
  if (before === 'engaging') return refusal('CAUSE_STANDS', 'the emergency stop is still being carried out');
  machine.send({ type: 'RESET', by: issuer, permitted: true });
  const { value, context } = machine.getSnapshot() as unknown as { value: string; context: { epoch: number } };
  if (value !== 'armed') {
    board.event('estop', { state: 'reset_requested', issuer, cause });
    desk.change(latch);
    return {
      ok: true,
      data: { state: 'reset_requested', expires_at: new Date(clock.wall() + RESET_WINDOW_MS).toISOString() },
    };
  }
  desk.change(disarmed(latch, context.epoch));
  board.event('estop', { state: 'armed', issuer, cause });
  board.alarm('estop-latched', false, 'P1', '');
  return { ok: true, data: { state: 'armed' } };
}

/** A device that nobody can see, or that still moves power, is not safe to be armed again. */
function reasonAgainstReset({ input, latch }: LatchDesk, assetId: string): string | undefined {
  if (latch.maintenance[assetId]) return undefined;
  const asset = input.board.assets.get(assetId);
  if (asset?.connection !== 'online') return `${assetId} is not reachable and not tagged out for maintenance`;
  const { battery_power_w: power } = asset;
  return power === null || Math.abs(power) > STILL_MOVING_W
    ? `${assetId} moves ${power ?? 'an unknown number of'} W`
    : undefined;
}

const STILL_MOVING_W = 500;

function calibrate(
  { input, latch, clock, tellGuard }: LatchDesk,
  { asset_id, duration_s, issuer }: Command<'calibrate'>,
): Reply {
  if (latch.estop) return refusal('ESTOP_LATCHED');
  if (latch.trips[asset_id]) return refusal('TRIPPED');
  const untilMs = clock.now() + 1000 * duration_s;
  if (!tellGuard({ type: 'CALIBRATE', assetId: asset_id, untilMs } as EventObject)) return refusal('NOT_READY');
  const until = new Date(clock.wall() + 1000 * duration_s).toISOString();
  input.board.event('transition', {
    asset_id,
    machine: 'calibration',
    to: duration_s > 0 ? 'on' : 'off',
    until,
    issuer,
  });
  return { ok: true, data: { asset_id, until } };
}

/** The driver answers in the same turn whether it begins. */
function drill(desk: LatchDesk, { asset_id, issuer }: Command<'drill'>): Reply {
  let answer: Reply = refusal('NOT_READY');
  desk.tellDriver(asset_id, {
    type: 'START_DRILL',
    by: issuer,
    reply: (reply: Reply) => (answer = reply),
  } as EventObject);
  return answer;
}

function resetTrip({ input, latch, change }: LatchDesk, { asset_id, issuer, cause }: Command<'reset_trip'>): Reply {
  if (!latch.trips[asset_id]) return refusal('NOT_LATCHED', `${asset_id} is not tripped`);
  const standing = input.standingCause(asset_id);
  if (standing !== undefined) return refusal('CAUSE_STANDS', standing);
  change(untripped(latch, asset_id));
  input.board.event('trip', { asset_id, state: 'reset', issuer, cause });
  for (const id of ['tripped', 'device-fault']) input.board.alarm(id, false, 'P1', '', asset_id);
  return { ok: true, data: { asset_id, state: 'reset' } };
}

function tag(
  { input, latch, change }: LatchDesk,
  { asset_id, on, tag: label, reason, issuer }: Command<'maintenance'>,
): Reply {
  change(tagged(latch, asset_id, on ? { tag: label, reason, issuer } : undefined));
  input.board.event('transition', {
    asset_id,
    machine: 'maintenance',
    to: on ? 'on' : 'off',
    tag: label,
    reason,
    issuer,
  });
  return { ok: true, data: { asset_id, maintenance: on } };
}
