/** A device that closes (FIN) or resets (RST) instead of answering: how long the pending read stays in the dark. */
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { openModbusTcp } from '../../io/modbus-tcp.ts';
import { systemClock } from '../../supervisor/clock.ts';
import { rowOf } from '../measure.ts';
import type { Row, Size } from '../measure.ts';
import { TARGETS } from './targets.ts';

type End = 'end' | 'resetAndDestroy';

const TIMES = 50;
const TIMEOUT_MS = 10_000;

export async function hangUp(size: Size): Promise<readonly Row[]> {
  const rounds = size === 'full' ? 11 : 3;
  const rows: Row[] = [];
  for (const [end, name] of [
    ['end', 'FIN'],
    ['resetAndDestroy', 'RST'],
  ] as const) {
    await worstMs(end);
    const values: number[] = [];
    for (let round = 0; round < rounds; round += 1) values.push(await worstMs(end));
    rows.push(
      rowOf({ what: `${name} to the rejected read, worst of ${TIMES}`, unit: 'ms', values, target: TARGETS.hangUpMs }),
    );
  }
  return rows;
}

async function worstMs(end: End): Promise<number> {
  let endedAtMs = 0;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', () => {
      endedAtMs = performance.now();
      socket[end]();
    });
  });
  const port = await listening(server);
  let worst = 0;
  for (let time = 0; time < TIMES; time += 1) {
    const device = await openModbusTcp(systemClock)(
      { host: '127.0.0.1', port, unitId: 1, timeoutMs: TIMEOUT_MS, requestGapMs: 0 },
      new AbortController().signal,
    );
    const [outcome] = await Promise.allSettled([device.read(0, 60)]);
    worst = Math.max(worst, performance.now() - endedAtMs);
    if (outcome.status !== 'rejected') throw new Error('a read without an answer was answered');
  }
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return worst;
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
