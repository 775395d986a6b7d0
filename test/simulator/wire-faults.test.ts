/** What each fault does to the bytes of a reply, seen on a raw socket; and what a transport makes of it in memory. */
import { connect, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf } from '../../contracts/faults.ts';
import type { SimulatedAsset } from '../../simulator/asset.ts';
import { createAsset } from '../../simulator/asset.ts';
import type { SimulatedFaultInput } from '../../simulator/fault-kinds.ts';
import { memoryNetwork } from '../../simulator/memory-device.ts';
import type { ModbusServer } from '../../simulator/modbus-server.ts';
import { startModbusServer } from '../../simulator/modbus-server.ts';
import { systemClock, virtualClock } from '../../supervisor/clock.ts';

const test = suite('faults on the wire');

const READ = '0007 0000 0006 01 03 9380 0001'; // state of charge
const WRITE = '0007 0000 0006 01 06 b7fc 0002'; // 47100 = 2
const GOOD_READ = '0007 0000 0005 01 03 02 01f4';
const GOOD_WRITE = WRITE;
const SETTLED_MS = 80;

type Row = {
  readonly fault?: SimulatedFaultInput;
  readonly ask?: string;
  readonly bytes: string;
  readonly end?: string;
};

const ROWS: readonly Row[] = [
  { bytes: GOOD_READ },
  { fault: { kind: 'wrong', field: 'transaction' }, bytes: '0008 0000 0005 01 03 02 01f4' },
  { fault: { kind: 'wrong', field: 'protocol' }, bytes: '0007 0001 0005 01 03 02 01f4' },
  { fault: { kind: 'wrong', field: 'length' }, bytes: '0007 0000 0004 01 03 02 01f4' },
  { fault: { kind: 'wrong', field: 'unit' }, bytes: '0007 0000 0005 02 03 02 01f4' },
  { fault: { kind: 'wrong', field: 'function' }, bytes: '0007 0000 0005 01 02 02 01f4' },
  { fault: { kind: 'wrong', field: 'byteCount' }, bytes: '0007 0000 0005 01 03 00 01f4' },
  { fault: { kind: 'wrong', field: 'byteCount' }, ask: WRITE, bytes: '0007 0000 0006 01 06 b7fc 0003' },
  { fault: { kind: 'wrong', field: 'unit', on: 'read' }, ask: WRITE, bytes: GOOD_WRITE },
  { fault: { kind: 'half' }, bytes: '0007 0000 00' },
  { fault: { kind: 'twice' }, bytes: `${GOOD_READ} ${GOOD_READ}` },
  { fault: { kind: 'extra', bytes: 3 }, bytes: `${GOOD_READ} 5a5a5a` },
  { fault: { kind: 'segments' }, bytes: GOOD_READ },
  { fault: { kind: 'cut', when: 'before', by: 'rst' }, bytes: '', end: 'ECONNRESET' },
  { fault: { kind: 'cut', when: 'before', by: 'fin' }, bytes: '', end: 'FIN' },
  { fault: { kind: 'cut', when: 'during', by: 'rst' }, bytes: '0007 0000 00', end: 'ECONNRESET' },
  { fault: { kind: 'cut', when: 'during', by: 'fin' }, bytes: '0007 0000 00', end: 'FIN' },
  { fault: { kind: 'cut', when: 'after', by: 'rst' }, bytes: GOOD_READ, end: 'ECONNRESET' },
  { fault: { kind: 'cut', when: 'after', by: 'fin' }, bytes: GOOD_READ, end: 'FIN' },
  { fault: { kind: 'late' }, bytes: '' },
  { fault: { kind: 'loseAnswer' }, bytes: '' },
  { fault: { kind: 'silence' }, bytes: '' },
  { fault: { kind: 'dropFirst' }, bytes: '' },
  ...[1, 2, 3, 4, 5, 6, 10, 11].map((code) => ({
    fault: { kind: 'exception', code } as const,
    bytes: `0007 0000 0003 01 83 0${code.toString(16)}`,
  })),
];

for (const { fault, ask = READ, bytes, end = 'open' } of ROWS) {
  const { kind = 'no fault', ...rest } = fault ?? {};
  test(`${kind} ${JSON.stringify(rest)}${ask === WRITE ? ' of a write' : ''}: ${bytes || 'nothing'}, ${end}`, async () => {
    const { asset, server } = await served();
    if (fault) asset.faults.apply({ ...fault, ...('count' in fault ? {} : countOf(fault)) });
    const client = await rawClient(server.port);
    client.send(ask);
    await settled(() => client.heard() === hex(bytes) && client.end() === end);
    assert.equal([client.heard(), client.end()], [hex(bytes), end]);
    client.close();
    await server.stop();
  });
}

test('one byte per segment arrives in as many pieces as it has bytes', async () => {
  const { asset, server } = await served();
  asset.faults.apply({ kind: 'segments', bytes: 1, everyMs: 4 });
  const client = await rawClient(server.port);
  client.send(READ);
  await settled(() => client.heard() === hex(GOOD_READ));
  assert.ok(client.pieces() > 5, `${client.pieces()}`);
  client.send(READ.replace('0007', '0008'));
  client.send(READ.replace('0007', '0009'));
  const all = [GOOD_READ, GOOD_READ.replace('0007', '0008'), GOOD_READ.replace('0007', '0009')].map(hex).join('');
  await settled(() => client.heard() === all);
  assert.is(client.heard(), all, 'replies that wait for each other do not mix');
  client.close();
  await server.stop();
});

for (const [as, expected] of [
  ['itself', `${GOOD_READ} 0009 0000 0005 01 03 02 0064`],
  ['fresh', '0009 0000 0005 01 03 02 01f4'],
] as const) {
  test(`a late reply comes with the next one (as ${as}), also on another connection`, async () => {
    const { asset, server } = await served();
    asset.faults.apply({ kind: 'late', as, count: 1 });
    const first = await rawClient(server.port);
    first.send(READ);
    await settled(() => asset.tap.reads() === 1);
    asset.set({ socPct: 10 });
    first.close();
    const second = await rawClient(server.port);
    second.send(READ.replace('0007', '0009'));
    await settled(() => second.heard() === hex(expected));
    assert.is(second.heard(), hex(expected));
    second.close();
    await server.stop();
  });
}

test('devices that swap places answer as the other one, with their connections kept or reset', async () => {
  const { server } = await served();
  const other = createAsset({ clock: systemClock, socPct: 20 });
  const client = await rawClient(server.port);
  server.plug(other, { keepConnections: true });
  client.send(READ);
  await settled(() => client.heard() !== '');
  assert.is(client.heard(), hex('0007 0000 0005 01 03 02 00c8'));
  server.plug(createAsset({ clock: systemClock }));
  await settled(() => client.end() !== 'open');
  assert.is(client.end(), 'ECONNRESET');
  await server.stop();
});

test('while a new client throws out the old one, only the newest is served', async () => {
  const { asset, server } = await served();
  asset.faults.apply({ kind: 'singleClient' });
  const first = await rawClient(server.port);
  const second = await rawClient(server.port);
  await settled(() => first.end() !== 'open');
  assert.equal([first.end() === 'open', second.end()], [false, 'open']);
  second.close();
  await server.stop();
});

for (const [fault, code] of [
  [{ kind: 'wrong', field: 'transaction' }, 'BAD_FRAME'],
  [{ kind: 'wrong', field: 'byteCount' }, 'BAD_FRAME'],
  [{ kind: 'twice' }, 'BAD_FRAME'],
  [{ kind: 'extra' }, 'BAD_FRAME'],
  [{ kind: 'half' }, 'TIMEOUT'],
  [{ kind: 'late' }, 'TIMEOUT'],
  [{ kind: 'cut', when: 'before' }, 'CONNECTION_CLOSED'],
  [{ kind: 'cut', when: 'during' }, 'CONNECTION_CLOSED'],
  [{ kind: 'cut', when: 'after' }, 'answered, then CONNECTION_CLOSED'],
  [{ kind: 'segments' }, 'answered, then answered'],
] as const) {
  test(`in memory ${JSON.stringify(fault)} is ${code}`, async () => {
    const clock = virtualClock();
    const network = memoryNetwork({ clock });
    const asset = createAsset({ clock });
    network.attach('inverter', 502, asset);
    const opening = network.open(
      { host: 'inverter', port: 502, unitId: 1, timeoutMs: 1000, requestGapMs: 0 },
      new AbortController().signal,
    );
    await clock.advance(10);
    const port = await opening;
    asset.faults.apply({ ...fault, count: 1 });
    const results: string[] = [];
    for (let at = 0; at < 2; at += 1) {
      const reading = port.read(37_760, 1).then(
        () => 'answered',
        (error: unknown) => codeOf(error, 'BAD_REQUEST'),
      );
      await clock.advance(1100);
      results.push(await reading);
    }
    const [first, second] = results;
    assert.is(first === 'answered' ? `${first}, then ${second}` : first, code);
  });
}

test('in memory a late reply spoils the next request on a new connection, or is taken for its reply', async () => {
  for (const [as, expected] of [
    ['itself', 'BAD_FRAME'],
    ['fresh', [500]],
  ] as const) {
    const clock = virtualClock();
    const network = memoryNetwork({ clock });
    const asset = createAsset({ clock });
    network.attach('inverter', 502, asset);
    asset.faults.apply({ kind: 'late', as, count: 1 });
    const results: unknown[] = [];
    for (let at = 0; at < 2; at += 1) {
      const opening = network.open(
        { host: 'inverter', port: 502, unitId: 1, timeoutMs: 1000, requestGapMs: 0 },
        new AbortController().signal,
      );
      await clock.advance(10);
      const reading = (await opening).read(37_760, 1).catch((error: unknown) => codeOf(error, 'BAD_REQUEST'));
      await clock.advance(1100);
      results.push(await reading);
      asset.set({ socPct: 10 });
    }
    assert.equal(results, ['TIMEOUT', expected]);
  }
});

test.run();

async function served(): Promise<{ asset: SimulatedAsset; server: ModbusServer }> {
  const asset = createAsset({ clock: systemClock });
  return { asset, server: await startModbusServer({ asset, port: 0 }) };
}

/** Faults of one request or reply strike once; the others have no count. */
function countOf({ kind }: SimulatedFaultInput): { count?: number } {
  return kind === 'silence' || kind === 'dropFirst' ? {} : { count: 1 };
}

type RawClient = {
  readonly send: (bytes: string) => void;
  readonly heard: () => string;
  readonly pieces: () => number;
  /** `open`, `FIN`, or the code of the error. */
  readonly end: () => string;
  readonly close: () => void;
};

async function rawClient(port: number): Promise<RawClient> {
  let heard = '';
  let pieces = 0;
  let end = 'open';
  const socket: Socket = connect({ host: '127.0.0.1', port, noDelay: true });
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString('hex');
    pieces += 1;
  });
  socket.on('end', () => (end = 'FIN'));
  socket.on('error', (error: NodeJS.ErrnoException) => (end = error.code ?? 'failed'));
  return {
    send: (bytes) => socket.write(Buffer.from(hex(bytes), 'hex')),
    heard: () => heard,
    pieces: () => pieces,
    end: () => end,
    close: () => socket.destroy(),
  };
}

function hex(spaced: string): string {
  return spaced.replaceAll(' ', '');
}

/** Until it holds, and then long enough that more would be seen; real sockets have no clock to advance. */
async function settled(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 3000;
  while (!holds() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
}
