/** 500 devices from one process, each read once a second from a phase of its own. */
import { inTurns, rowOf } from '../measure.ts';
import type { Row, Size } from '../measure.ts';
import { startBench } from './runs.ts';
import type { Slice } from './runs.ts';
import { TARGETS } from './targets.ts';

const DEVICES = 500;
const TURN_MS = 4000;

export async function fleet(size: Size): Promise<readonly Row[]> {
  await using bench = await startBench('many');
  const bessd = await bench.client('bessd', DEVICES, 'fleet');
  const raw = await bench.client('raw', DEVICES, 'fleet');
  const slices = await inTurns<'bessd' | 'raw', Slice>(size === 'full' ? 5 : 2, {
    bessd: () => bessd.run(TURN_MS),
    raw: () => raw.run(TURN_MS),
  });
  return [
    rowOf({
      what: `${DEVICES} devices every second: CPU per poll`,
      unit: 'µs',
      values: slices.bessd.map(({ cpuUs, reads }) => cpuUs / reads),
      floor: { name: 'raw', values: slices.raw.map(({ cpuUs, reads }) => cpuUs / reads) },
      target: TARGETS.fleetCpuOfRaw,
    }),
    rowOf({
      what: `${DEVICES} devices every second: worst delay behind the schedule, in the worst turn`,
      unit: 'ms',
      values: [Math.max(...slices.bessd.map(({ latestMs }) => latestMs))],
      floor: { name: 'raw', values: [Math.max(...slices.raw.map(({ latestMs }) => latestMs))] },
      target: TARGETS.fleetLatestMs,
    }),
  ];
}
