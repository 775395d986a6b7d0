/**
 * Which blocks each poll reads: the fast group every time, and of the slow group its share, so that no poll is longer
 * than the others by all the slow blocks at once. After `slowEvery` polls every block has been read, and the serial once
 * more, because behind a gateway another device may have taken the place of this one.
 */
import type { BoundProfile, Point } from '../../contracts/profile.ts';
import type { BlockRead } from './read-plan.ts';
import { planReads } from './read-plan.ts';

export type PollRounds = {
  /** After a connection: everything. */
  readonly first: readonly BlockRead[];
  /** `slowEvery` of them, in turn. */
  readonly rounds: readonly (readonly BlockRead[])[];
};

export function pollRounds(
  profile: Pick<BoundProfile, 'transport' | 'slowEvery' | 'identity'>,
  points: ReadonlyMap<string, Point>,
): PollRounds {
  const fast = planReads(profile, points, (_name, group) => group === 'fast');
  const { serial } = profile.identity;
  const slow = planReads(profile, points, (name, group) => group === 'slow' || (name === serial && group !== 'fast'));
  return {
    first: planReads(profile, points, (_name, group) => group !== 'never'),
    rounds: Array.from({ length: profile.slowEvery }, (_, round) => [
      ...fast,
      ...slow.filter((_block, at) => at % profile.slowEvery === round),
    ]),
  };
}
