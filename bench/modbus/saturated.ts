/** Many connections from one process, each in a closed loop: how much passes, and what it takes in memory. */
import { inTurns, rowOf } from '../measure.ts';
import type { Row, Size } from '../measure.ts';
import { startBench } from './runs.ts';
import type { Kind, Slice } from './runs.ts';
import { TARGETS } from './targets.ts';

const FEW = 100;
const MANY = 500;
const TURN_MS = 1000;
const WARM_UP_MS = 2000;
const KINDS = ['bessd', 'raw', 'modbus-serial'] as const;

export async function saturated(size: Size): Promise<readonly Row[]> {
  const rounds = size === 'full' ? 7 : 2;
  const few = await measured(FEW, rounds);
  const many = await measured(MANY, rounds);
  return (['raw', 'modbus-serial'] as const).flatMap((floor) => [
    rowOf({
      what: `${FEW} connections saturated`,
      unit: 'reads/s',
      values: few.bessd.map(perSecond),
      floor: { name: floor, values: few[floor].map(perSecond) },
      ...(floor === 'modbus-serial' && { target: TARGETS.saturatedOverModbusSerial }),
    }),
    rowOf({
      what: 'CPU per read',
      unit: 'µs',
      values: few.bessd.map(cpuUs),
      floor: { name: floor, values: few[floor].map(cpuUs) },
    }),
    rowOf({
      what: `memory with ${MANY} saturated`,
      unit: 'MB',
      values: many.bessd.map(megabytes),
      floor: { name: floor, values: many[floor].map(megabytes) },
      ...(floor === 'modbus-serial' && { target: TARGETS.memoryOfModbusSerial }),
    }),
  ]);
}

async function measured(connections: number, rounds: number): Promise<Record<Kind, Slice[]>> {
  await using bench = await startBench('many');
  const clients = {
    bessd: await bench.client('bessd', connections, 'closed'),
    raw: await bench.client('raw', connections, 'closed'),
    'modbus-serial': await bench.client('modbus-serial', connections, 'closed'),
  };
  for (const kind of KINDS) await clients[kind].run(WARM_UP_MS);
  // Awaited here: the bench ends with this block.
  return await inTurns<Kind, Slice>(rounds, {
    bessd: () => clients.bessd.run(TURN_MS),
    raw: () => clients.raw.run(TURN_MS),
    'modbus-serial': () => clients['modbus-serial'].run(TURN_MS),
  });
}

function perSecond({ reads, elapsedMs }: Slice): number {
  return (reads * 1000) / elapsedMs;
}

function cpuUs({ reads, cpuUs: us }: Slice): number {
  return us / reads;
}

function megabytes({ rssBytes }: Slice): number {
  return rssBytes / 1e6;
}
