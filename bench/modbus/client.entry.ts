/**
 * One Modbus client under measurement, in a process of its own: `client.entry.ts KIND PORT CONNECTIONS MODE`.
 *
 * Each line of input says for how many ms to read 60 registers on every connection, in a closed loop or once a second
 * with the connections spread over the second; each is answered by one line of JSON, a `Slice`.
 */
import { createInterface } from 'node:readline';
import ModbusSerial from 'modbus-serial';
import { openModbusTcp } from '../../io/modbus-tcp.ts';
import { systemClock } from '../../supervisor/clock.ts';
import { openRaw } from './raw-client.ts';
import type { Reader } from './raw-client.ts';
import type { Kind, Mode, Slice } from './runs.ts';

const WORDS = 60;
const PERIOD_MS = 1000;
const TIMEOUT_MS = 3000;

const [kind, port, connections, mode] = process.argv.slice(2) as [Kind, string, string, Mode];
const readers: Reader[] = [];
while (readers.length < Number(connections)) readers.push(await open(kind, Number(port)));
for await (const line of createInterface({ input: process.stdin }))
  console.log(JSON.stringify(await slice(Number(line))));
process.exit(0);

async function slice(durationMs: number): Promise<Slice> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const each = mode === 'closed' ? closedLoop : fleet;
  const results = await Promise.all(readers.map((reader, at) => each(reader, start, durationMs, at)));
  const elapsedMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return {
    reads: results.reduce((sum, { reads }) => sum + reads, 0),
    elapsedMs,
    cpuUs: user + system,
    rssBytes: process.memoryUsage.rss(),
    latestMs: Math.max(...results.map(({ latestMs }) => latestMs)),
  };
}

type Turn = { reads: number; latestMs: number };

async function closedLoop(reader: Reader, startMs: number, durationMs: number): Promise<Turn> {
  let reads = 0;
  for (; performance.now() - startMs < durationMs; reads += 1) requireWords(await reader.read(0, WORDS));
  return { reads, latestMs: 0 };
}

/** One read a second from a phase of its own; how late a reply came is counted from when its read was due. */
async function fleet(reader: Reader, startMs: number, durationMs: number, at: number): Promise<Turn> {
  let latestMs = 0;
  let reads = 0;
  for (let dueMs = (at * PERIOD_MS) / readers.length; dueMs < durationMs; dueMs += PERIOD_MS) {
    const waitMs = startMs + dueMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    requireWords(await reader.read(0, WORDS));
    latestMs = Math.max(latestMs, performance.now() - startMs - dueMs);
    reads += 1;
  }
  return { reads, latestMs };
}

/** A client that is fast because it brings something else is out of the race. */
function requireWords(words: ArrayLike<number>): void {
  if (words[0] !== 0 || words[WORDS - 1] !== WORDS - 1) throw new Error(`${kind} read something else`);
}

async function open(which: Kind, to: number): Promise<Reader> {
  switch (which) {
    case 'raw':
      return openRaw(to);
    case 'bessd':
      return openModbusTcp(systemClock)(
        { host: '127.0.0.1', port: to, unitId: 1, timeoutMs: TIMEOUT_MS, requestGapMs: 0 },
        new AbortController().signal,
      );
    case 'modbus-serial': {
      const client = new ModbusSerial.default();
      await client.connectTCP('127.0.0.1', { port: to });
      client.setID(1);
      client.setTimeout(TIMEOUT_MS);
      return { read: async (register, count) => (await client.readHoldingRegisters(register, count)).data };
    }
  }
}
