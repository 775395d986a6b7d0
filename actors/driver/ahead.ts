/**
 * The way from an answer to a stop, walked once with what is known already before the last answer of a poll is asked for.
 *
 * Between two polls a processor forgets code and data that it does not use, and whoever then judges a breach waits for
 * memory again and again: that is most of the time from the answer to the stop. Before the request nobody waits: polls
 * come as regularly as without it, each a fraction of a millisecond later.
 *
 * Only pure functions run here, the same ones that judge the answer itself, and what they say is thrown away: nothing is
 * remembered, told or written, and no permit comes from it.
 */
import type { EventObject } from 'xstate';
import type { Awaited } from '../../contracts/messages.ts';
import { steer } from '../../machines/device/helm.ts';
import { mayWrite } from '../../machines/device/may-write.ts';
import { wantedPosture } from '../../machines/device/posture.ts';
import { readBack } from '../../machines/device/read-back.ts';
import type { BlockRead } from '../../machines/device/read-plan.ts';
import { frameOf, sampleBlock } from '../../machines/device/telemetry.ts';
import { boundOf } from './cockpit.ts';
import type { Cockpit } from './cockpit.ts';
import { requestOf, sequenceValuesOf, writeStateOf } from './door.ts';
import { knownValue, situationOf } from './situation.ts';
import { lookAt } from './stop-at-once.ts';

/** `words`: what the block that is read next showed the last time. */
export function walkAhead(cockpit: Cockpit, block: BlockRead, words: readonly number[]): void {
  const { input, frame, permit, clock, expectations } = cockpit;
  if (!frame || !permit) return;
  const { profile, meanings } = boundOf(cockpit);
  lookAt(cockpit, { block, words });
  const samples = sampleBlock(block, words, clock.now(), input.staleAfter, profile.transport.wordOrder);
  frameOf(frame, meanings, { ...cockpit.samples, ...samples });
  readBack(expectations, cockpit.samples);
  cockpit.send('guard', { type: 'AWAITED', assetId: input.asset.id } satisfies Awaited as EventObject);
  const situation = { ...situationOf(cockpit), permit: { ...permit, maxChargeW: 0, maxDischargeW: 0 } };
  const course = steer({
    state: cockpit.helm,
    wanted: wantedPosture(situation),
    nowMs: situation.nowMs,
    profile,
    values: sequenceValuesOf(cockpit),
    known: (point) => knownValue(cockpit, point),
    untouched: false,
  });
  if (course.go !== 'write') return;
  const { passage, transaction } = course;
  mayWrite(requestOf(cockpit, 'safe', passage.purpose, 0), writeStateOf(cockpit, situation, passage, transaction));
}
