/**
 * Frames against our client's side of Modbus TCP, in memory: what may come of them, judged without the code under test.
 *
 * Each frame meets a connection of its own that waits for one reply. A value may come only of bytes that are, field by
 * field, the reply to that request; everything else must be a fault by the time-out, and write nothing to the wire.
 */
import * as assert from 'uvu/assert';
import { Fault } from '../../contracts/faults.ts';
import { ModbusTcpPort } from '../../io/modbus-tcp-port.ts';
import type { Request } from '../../io/modbus-pdu.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import { mutated, seeded } from './random.ts';
import type { Random } from './random.ts';

export type ClientCounts = { value: number; exception: number; refused: number; timedOut: number };

const UNIT = 1;
const TIMEOUT_MS = 1000;
const REQUESTS: readonly Request[] = [
  { functionCode: 3, register: 1, count: 2 },
  { functionCode: 3, register: 37_760, count: 1 },
  { functionCode: 3, register: 32_064, count: 60 },
  { functionCode: 3, register: 0, count: 125 },
  { functionCode: 6, register: 47_100, words: [2] },
  { functionCode: 16, register: 47_249, words: [0, 10_000] },
];

export async function fuzzClient(seed: number, rounds: number): Promise<ClientCounts> {
  const random = seeded(seed);
  const counts: ClientCounts = { value: 0, exception: 0, refused: 0, timedOut: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const request = random.pick(REQUESTS);
    const outcome = await meet(
      request,
      (transaction) => any(random, request, transaction),
      () => random.below(12),
    );
    counts[outcome] += 1;
  }
  return counts;
}

/** The frame as it is, and as if it had been sent in answer to each kind of request. */
export async function meetFrame(bytes: Buffer): Promise<ClientCounts> {
  const counts: ClientCounts = { value: 0, exception: 0, refused: 0, timedOut: 0 };
  for (const request of [...REQUESTS, asFor(bytes)]) {
    for (const addressed of [false, true]) {
      const frame = (transaction: number): Buffer => {
        const copy = Buffer.from(bytes);
        if (addressed && copy.length >= 2) copy.writeUInt16BE(transaction, 0);
        return copy;
      };
      for (const step of [bytes.length + 1, 1]) counts[await meet(request, frame, () => step)] += 1;
    }
  }
  return counts;
}

/** What comes of one frame in answer to a read of 2 registers at 1, in one piece and byte by byte. */
export async function outcomesOf(frame: (transaction: number) => Buffer): Promise<readonly (keyof ClientCounts)[]> {
  const request: Request = { functionCode: 3, register: 1, count: 2 };
  return [await meet(request, frame, () => 0), await meet(request, frame, () => 1)];
}

/** A request to which these bytes are most nearly the answer. */
function asFor(bytes: Buffer): Request {
  const count = Math.min(125, Math.max(1, (bytes[8] ?? 0) >> 1));
  return { functionCode: 3, register: 1, count };
}

/** `step` bytes come at a time, 0 for all the rest. */
async function meet(
  request: Request,
  frame: (transaction: number) => Buffer,
  step: () => number,
): Promise<keyof ClientCounts> {
  const clock = virtualClock();
  const sent: Buffer[] = [];
  const line = { dropped: false };
  const wire = {
    write: (bytes: Buffer) => sent.push(Buffer.from(bytes)),
    destroy: () => (line.dropped = true),
    writableLength: 0,
  };
  const address = { host: '', port: 0, unitId: UNIT, timeoutMs: TIMEOUT_MS, requestGapMs: 0 };
  const port = new ModbusTcpPort(wire, address, clock);
  const outcome = settled(
    'count' in request
      ? port.read(request.register, request.count)
      : port.write(request.register, request.words, request.functionCode),
  );
  const transaction = sent[0]?.readUInt16BE(0) ?? 0;
  const bytes = frame(transaction);
  // The buffer is the socket's: it is written over as soon as `take` returns.
  const buffer = Buffer.alloc(512);
  for (let at = 0; at < bytes.length && !line.dropped;) {
    const length = Math.min(step() || bytes.length, bytes.length - at, buffer.length);
    bytes.copy(buffer, 0, at, at + length);
    port.take(buffer, length);
    buffer.fill(0xa5);
    at += length;
  }
  clock.advanceSync(TIMEOUT_MS);
  const result = await outcome;
  const wanted = exactReply(request, transaction, bytes);
  const what = `${JSON.stringify(request)} got ${bytes.toString('hex')} with transaction ${transaction}`;
  assert.is(sent.length, 1, `${what}: something more was written`);
  if (Array.isArray(result)) {
    assert.ok(wanted, `${what}: a value out of a wrong reply`);
    if (request.functionCode === 3) assert.equal(result, wanted, what);
    return 'value';
  }
  assert.instance(result, Fault, `${what}: ${String(result)}`);
  const { code } = result as Fault;
  if (code === 'DEVICE_EXCEPTION') return 'exception';
  assert.ok(line.dropped, `${what}: a connection that lives on after ${code}`);
  port.take(bytes, bytes.length);
  assert.instance(await settled(port.read(1, 1)), Fault, `${what}: a dead connection that answers`);
  assert.is(sent.length, 1, `${what}: a dead connection that writes`);
  return code === 'TIMEOUT' ? 'timedOut' : 'refused';
}

function settled(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => value ?? [],
    (error: unknown) => error,
  );
}

/** The words in `bytes` when they are the one right answer ([] for writes), else undefined. */
function exactReply(request: Request, transaction: number, bytes: Buffer): readonly number[] | undefined {
  const words = request.functionCode === 3 ? request.count : 0;
  const head = Buffer.from(goodReply(request, transaction, Buffer.alloc(words * 2)));
  const checked = request.functionCode === 3 ? 9 : head.length;
  if (bytes.length < head.length || !bytes.subarray(0, checked).equals(head.subarray(0, checked))) return undefined;
  return Array.from({ length: words }, (_, at) => bytes.readUInt16BE(9 + at * 2));
}

/** Now and then a right one, so that the way to a value stays open. */
function any(random: Random, request: Request, transaction: number): Buffer {
  const data = random.bytes(request.functionCode === 3 ? request.count * 2 : 0);
  const good = goodReply(request, transaction, data);
  if (random.chance(0.02)) return good;
  if (random.chance(0.1)) return mutated(random, exception(request, transaction, random.below(256)));
  return mutated(random, good);
}

function goodReply(request: Request, transaction: number, data: Buffer): Buffer {
  if ('count' in request) return framed(transaction, [3, data.length, ...data]);
  const { functionCode, register, words } = request;
  const last = functionCode === 6 ? (words[0] ?? 0) : words.length;
  return framed(transaction, [functionCode, register >> 8, register & 255, last >> 8, last & 255]);
}

function exception({ functionCode }: Request, transaction: number, code: number): Buffer {
  return framed(transaction, [functionCode + 0x80, code]);
}

function framed(transaction: number, pdu: readonly number[]): Buffer {
  const length = pdu.length + 1;
  return Buffer.from([transaction >> 8, transaction & 255, 0, 0, length >> 8, length & 255, UNIT, ...pdu]);
}
