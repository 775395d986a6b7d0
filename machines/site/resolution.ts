/**
 * The smallest step in which the power of a device can be set, as its profile says. Pure.
 *
 * A register whose scale only the device knows, or that takes a percentage, counts as one of 1 W; what it could not hold
 * shows in the reply as the difference between `final_w` and `written_w`.
 */
import type { Profile } from '../../contracts/profile.ts';

export function resolutionWOf({ control, points }: Profile, direction: 'charge' | 'discharge'): number {
  const steps = control?.sequences[direction] ?? [];
  for (const { set } of steps) {
    for (const [name, value] of Object.entries(set)) {
      if (value !== 'magnitude' && value !== 'signed') continue;
      const row = points[name];
      return row?.register === undefined ? 1 : Math.max(1 / row.gain, FINEST_W);
    }
  }
  return 1;
}

const FINEST_W = 0.001;
