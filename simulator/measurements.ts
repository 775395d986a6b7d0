/**
 * What the sensors of a device show of its plant: possibly older than the plant, frozen, or wrong.
 *
 * Control registers never come through here: they echo at once, whatever the sensors do.
 */
import type { Plant, PlantState } from './plant.ts';

/** What faulty sensors make of the truth. */
export type Sense = (truth: PlantState) => PlantState;

export function measurementsOf(plant: Plant, sense: Sense = (truth) => truth): () => PlantState {
  let snapshot = sense(plant.state());
  return () => {
    const { frozen, refreshMs } = plant.settings;
    const due = refreshMs === 0 || plant.timeMs - snapshot.timeMs >= refreshMs;
    if (!frozen && due) snapshot = sense(plant.state());
    return snapshot;
  };
}
