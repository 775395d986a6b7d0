/** 60 registers on one connection, each read sent when the one before was answered; device and client on one core. */
import { inTurns, rowOf, skipped } from '../measure.ts';
import type { Row, Size } from '../measure.ts';
import { startBench } from './runs.ts';
import type { Slice } from './runs.ts';
import { TARGETS } from './targets.ts';

const TURN_MS = 400;
const WARM_UP_MS = 1500;

export async function one(size: Size): Promise<readonly Row[]> {
  await using bench = await startBench('few');
  const libmodbus = await bench.libmodbus();
  const clients = {
    bessd: await bench.client('bessd', 1, 'closed'),
    raw: await bench.client('raw', 1, 'closed'),
    'modbus-serial': await bench.client('modbus-serial', 1, 'closed'),
    ...(libmodbus && { libmodbus }),
  };
  for (const client of Object.values(clients)) await client.run(WARM_UP_MS);
  const turns = Object.entries(clients).map(([name, client]) => [name, () => client.run(TURN_MS)] as const);
  const slices = await inTurns<string, Slice>(size === 'full' ? 15 : 5, Object.fromEntries(turns));

  const where = `${bench.sameCore ? 'same core' : 'NOT on one core: no taskset'}, device in ${bench.device}`;
  const perSecond = (name: string): number[] =>
    (slices[name] ?? []).map(({ reads, elapsedMs }) => (reads * 1000) / elapsedMs);
  const cpuUs = (name: string): number[] => (slices[name] ?? []).map(({ reads, cpuUs: us }) => us / reads);
  const against = (floor: string, target: (typeof TARGETS)[keyof typeof TARGETS]): readonly Row[] => [
    rowOf({
      what: `one connection (${where})`,
      unit: 'reads/s',
      values: perSecond('bessd'),
      floor: { name: floor, values: perSecond(floor) },
      target,
    }),
    rowOf({
      what: 'CPU per read',
      unit: 'µs',
      values: cpuUs('bessd'),
      floor: { name: floor, values: cpuUs(floor) },
    }),
  ];
  const ofFloor = rowOf({
    what: 'for comparison, raw',
    unit: 'reads/s',
    values: perSecond('raw'),
    floor: { name: 'modbus-serial', values: perSecond('modbus-serial') },
  });
  return [
    ...against('raw', TARGETS.overRaw),
    ...against('modbus-serial', TARGETS.overModbusSerial),
    ofFloor,
    ...(libmodbus
      ? against('libmodbus', TARGETS.overLibmodbus)
      : [skipped('one connection beside libmodbus', 'no gcc, or no libmodbus with its headers')]),
  ];
}
