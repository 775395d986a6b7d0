/**
 * Reversion timer of a SunSpec control: counts down in the device's own time, and what happens at zero is its owner's.
 *
 * Two variants of failure: a deaf device counts and then does nothing; one whose timers stand still shows its time for ever.
 */
import type { Plant } from './plant.ts';

export type Reversion = {
  /** Starts anew; 0 s: stops. */
  readonly start: (seconds: number) => void;
  readonly remainingS: () => number;
};

export function reversionOf(plant: Plant, name: string, revert: () => void): Reversion {
  let endsAtMs: number | undefined;
  let still: number | undefined;
  return {
    start(seconds) {
      plant.timers.clear(name);
      endsAtMs = undefined;
      still = undefined;
      if (seconds <= 0) return;
      if (plant.settings.timersStill) {
        still = seconds;
        return;
      }
      endsAtMs = plant.timeMs + seconds * 1000;
      plant.timers.set(name, endsAtMs, () => {
        if (!plant.settings.deaf) revert();
      });
    },
    remainingS: () => still ?? Math.max(0, Math.ceil(((endsAtMs ?? 0) - plant.timeMs) / 1000)),
  };
}
