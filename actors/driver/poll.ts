/**
 * The end of a poll: the device has shown itself. Judges read-back and effect, asks the guard, tells everybody.
 */
import type { EventObject } from 'xstate';
import type { Telemetry } from '../../contracts/messages.ts';
import { observeEffect, toleranceW } from '../../machines/device/effect.ts';
import { polled } from '../../machines/device/helm.ts';
import { inReference } from '../../machines/device/posture.ts';
import { readBack, watchChanges } from '../../machines/device/read-back.ts';
import type { Difference } from '../../machines/device/read-back.ts';
import { watchDeadman } from '../../machines/device/deadman-watch.ts';
import { frameOf, sumSamples } from '../../machines/device/telemetry.ts';
import { boundOf, orderClosed } from './cockpit.ts';
import { followed, isForeignControlled, measured, operationOf, orderOf, ratingOf, situationOf } from './situation.ts';
import type { Cockpit } from './cockpit.ts';
import { observeDrill } from './drill.ts';
import { orderPhase } from './orders.ts';
import { adoptOriginals, ceilingOf, noteOriginals, tellClosed } from './originals.ts';
import { reportTelemetry } from './reporting.ts';
import { judgeSecondMeans } from './second-means.ts';

export function finishPoll(cockpit: Cockpit, startedAtMs: number): void {
  const { input, clock } = cockpit;
  const { asset, board } = input;
  const { profile, meanings } = boundOf(cockpit);
  Object.assign(cockpit.samples, sumSamples(profile.sums, cockpit.samples));
  const receivedAtMs = clock.now();
  cockpit.seq += 1;
  const frame = frameOf({ assetId: asset.id, seq: cockpit.seq, receivedAtMs, wallMs: clock.wall() }, meanings, {
    ...cockpit.samples,
  });
  const first = cockpit.frame === undefined || cockpit.frame.receivedAtMs < cockpit.firstPollAtMs;
  cockpit.frame = frame;
  noteOriginals(cockpit);
  tellClosed(cockpit);

  judgeReadBack(cockpit, startedAtMs);
  judgeEffect(cockpit, startedAtMs);
  judgeRelease(cockpit);
  judgeDeadman(cockpit);
  observeDrill(cockpit);

  if (first) cockpit.connection?.send({ type: 'IDENTIFIED' });
  // An order that was ended by this very poll is judged with it: the guard asks what happened under an order.
  const order = orderOf(cockpit) ?? orderClosed(cockpit);
  const asked: Telemetry = { type: 'TELEMETRY', frame, ceiling: ceilingOf(cockpit), order, proof: cockpit.proof };
  const guarded = cockpit.send('guard', asked as EventObject);
  const judgedAtMs = clock.now();
  // Not before the session has written what the permit asks for: a stop waits for nobody who only wants to know.
  queueMicrotask(() => {
    if (!first) cockpit.connection?.send({ type: 'TELEMETRY' });
    reportTelemetry(cockpit);
    board.report({
      type: 'CYCLE',
      asset_id: asset.id,
      duration_s: (judgedAtMs - startedAtMs) / 1000,
      guard_latency_s: guarded ? (judgedAtMs - receivedAtMs) / 1000 : null,
    });
  });
}

function judgeReadBack(cockpit: Cockpit, pollStartedAtMs: number): void {
  const watch = cockpit.input.profile.control?.watch ?? [];
  const others = watchChanges(cockpit.watched, watch, cockpit.samples, cockpit.expectations);
  cockpit.watched = others.watched;
  for (const difference of others.differences) report(cockpit, difference);
  const { expectations, differences } = readBack(cockpit.expectations, cockpit.samples);
  cockpit.expectations = expectations;
  for (const difference of differences) foreignChange(cockpit, difference);
  if (operationOf(cockpit) === 'maintenance') adoptOriginals(cockpit, [...others.differences, ...differences]);
  // What was found is the new truth: it is reported once, and corrected by the posture, not by a loop.
  const dropped = new Set(differences.map(({ point }) => point));
  if (dropped.size > 0)
    cockpit.expectations = Object.fromEntries(
      Object.entries(cockpit.expectations).filter(([point]) => !dropped.has(point)),
    );

  const { board, asset } = cockpit.input;
  if (cockpit.corrections.length > 0)
    cockpit.corrections = cockpit.corrections.filter((at) => at > cockpit.clock.now() - 60_000);
  board.alarm(
    'foreign-control',
    isForeignControlled(cockpit),
    'P2',
    'somebody else keeps changing the registers that bessd writes: no order is followed against that',
    asset.id,
  );

  const power = followed(cockpit);
  const operation = operationOf(cockpit);
  const stopping =
    cockpit.helm.posture?.kind === 'estop' ||
    (cockpit.helm.posture?.kind === 'hold' &&
      // A hold that was written while the device was being read does not show yet.
      !(cockpit.effect && pollStartedAtMs < cockpit.effect.writtenAtMs) &&
      power !== undefined &&
      Math.abs(power) > toleranceW(ratingOf(cockpit.input)));
  cockpit.helm = polled(cockpit.helm, { differs: differences.length > 0, breach: stopping || operation === 'tripped' });
}

/** Somebody changed what we wrote. */
function foreignChange(cockpit: Cockpit, difference: Difference): void {
  const nowMs = cockpit.clock.now();
  report(cockpit, difference);
  cockpit.corrections = [...cockpit.corrections, nowMs];
}

function report({ input, bound }: Cockpit, { point, expected, found }: Difference): void {
  const { asset, board } = input;
  board.event('foreign_change', {
    asset_id: asset.id,
    point,
    register: bound?.profile.points[point]?.register ?? null,
    expected,
    found,
  });
}

function judgeEffect(cockpit: Cockpit, pollStartedAtMs: number): void {
  const { input, effect: before, stoppedAtMs } = cockpit;
  const { asset, board, profile } = input;
  const power = followed(cockpit);
  const ratingW = ratingOf(input);
  if (
    stoppedAtMs !== undefined &&
    pollStartedAtMs >= stoppedAtMs &&
    power !== undefined &&
    Math.abs(power) <= toleranceW(ratingW)
  ) {
    cockpit.stoppedAtMs = undefined;
    cockpit.send('estop', { type: 'STOP_PROGRESS', assetId: asset.id, stage: 'zero' } as { type: string });
  }
  if (!before || pollStartedAtMs < before.writtenAtMs) return;
  const effect = observeEffect(before, power, cockpit.clock.now(), {
    settleMs: profile.control?.actuator.settleMs ?? 0,
    ratingW,
  });
  cockpit.effect = effect;
  const order = cockpit.operation?.getSnapshot().context.order;
  // Of an order that is not written yet nothing can be verified: the power is that of the one before.
  const isWritten = order !== undefined && cockpit.announced === order && cockpit.helm.posture?.kind === 'power';
  if (effect.state === 'verified' && before.state !== 'verified' && isWritten)
    orderPhase(cockpit, order, {
      phase: 'verified',
      writtenW: inReference(situationOf(cockpit), order, effect.targetW),
    });
  const stuckOn = effect.state === 'not_following' && effect.targetW === 0;
  board.alarm(
    'not-following',
    effect.state === 'not_following' && effect.targetW !== 0,
    'P2',
    `the registers took the power but the battery moves ${power ?? 'an unknown number of'} W`,
    asset.id,
  );
  board.alarm(
    'power-after-stop',
    stuckOn,
    'P1',
    `the battery still moves ${power ?? 'an unknown number of'} W after a stop`,
    asset.id,
  );
  // The second means: the whole sequence again, limits included, not the trigger alone.
  if (stuckOn) cockpit.helm = { ...cockpit.helm, posture: undefined };
  judgeSecondMeans(cockpit, stuckOn);
}

/** While power is commanded, the timer of the device must be seen to count. */
function judgeDeadman(cockpit: Cockpit): void {
  const { helm, input, samples } = cockpit;
  const remaining = input.profile.control?.deadman?.remaining;
  const sample = remaining === undefined ? undefined : samples[remaining];
  if (!sample || helm.posture?.kind !== 'power') return;
  cockpit.deadman = watchDeadman(cockpit.deadman, {
    remainingS: typeof sample.value === 'number' ? sample.value : undefined,
    readAtMs: sample.receivedAtMs,
    armedAtMs: helm.armedAtMs,
  });
  input.board.alarm(
    'deadman-not-counting',
    cockpit.deadman.state === 'not_counting',
    'P2',
    'the device does not count the time after which it would end the power by itself',
    input.asset.id,
  );
}

/** How long a released device that left its permit is held before it is released again. */
const RELEASE_PAUSE_MS = 60_000;

function judgeRelease(cockpit: Cockpit): void {
  const { permit, helm, input, clock } = cockpit;
  const power = measured(cockpit, 'batteryPowerW');
  if (helm.posture?.kind !== 'release' && !(helm.posture === undefined && operationOf(cockpit) === 'standby')) return;
  if (!permit || power === undefined) return;
  const room = toleranceW(ratingOf(input));
  const outside = power > permit.maxDischargeW + room || power < -(permit.maxChargeW + room);
  const { board, asset } = input;
  // Where others may command the device too, that is theirs to answer for: an alarm, no stop.
  board.alarm(
    'power-outside-permit',
    outside,
    'P2',
    `nobody ordered ${power} W, the permit is -${permit.maxChargeW} to ${permit.maxDischargeW} W`,
    asset.id,
  );
  if (!outside) return;
  board.event('safety_block', {
    asset_id: asset.id,
    reason: 'OVER_PERMIT',
    measured_w: power,
    max_charge_w: permit.maxChargeW,
    max_discharge_w: permit.maxDischargeW,
  });
  if (asset.authority === 'exclusive') cockpit.releaseBlockedUntilMs = clock.now() + RELEASE_PAUSE_MS;
}
