/**
 * How evenly a device was polled and its setpoint kept alive, by its own tap: the intervals between the same request.
 * Times are those of the simulator's monotonic clock.
 */
import type { ControlClient } from '../../simulator/control-client.ts';

/** Over a stretch of time; ms. */
export type Rhythm = { readonly count: number; readonly p50: number; readonly p99: number; readonly max: number };

/** Where a tap stands, to look from there on. */
export type Mark = { readonly reads: number; readonly writes: number };

export async function markOf(plant: ControlClient, asset: number): Promise<Mark> {
  const { reads, writes } = await plant.state(asset);
  return { reads, writes };
}

/** Of the polls: intervals between reads of the register that is read most often. */
export async function pollsSince(plant: ControlClient, asset: number, mark: Mark): Promise<readonly number[]> {
  const reads = await plant.reads(mark.reads, asset);
  const times = new Map<number, number[]>();
  for (const { register, monotonicMs } of reads) {
    const known = times.get(register) ?? [];
    times.set(register, known);
    known.push(monotonicMs);
  }
  const [most = []] = [...times.values()].toSorted((a, b) => b.length - a.length);
  return intervals(most);
}

/** Between writes of one register, such as the one that keeps a setpoint alive. */
export async function writesSince(
  plant: ControlClient,
  asset: number,
  mark: Mark,
  register: number,
): Promise<readonly number[]> {
  const { entries } = await plant.tap(mark.writes, asset);
  return intervals(entries.filter((entry) => entry.register === register).map(({ monotonicMs }) => monotonicMs));
}

export function rhythmOf(values: readonly number[]): Rhythm {
  return { count: values.length, p50: quantile(values, 0.5), p99: quantile(values, 0.99), max: quantile(values, 1) };
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN);
}

function intervals(times: readonly number[]): readonly number[] {
  return times.slice(1).map((time, at) => time - (times[at] ?? time));
}
