/**
 * Frames against the simulator's Modbus TCP server, over sockets: it lives on, answers whoever asks properly, and no
 * register is written but by a frame that is a write request from its first byte to its last.
 */
import * as assert from 'uvu/assert';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { openModbusTcp } from '../../io/modbus-tcp.ts';
import { createAsset } from '../../simulator/asset.ts';
import type { SimulatedAsset } from '../../simulator/asset.ts';
import { startModbusServer } from '../../simulator/modbus-server.ts';
import { systemClock } from '../../supervisor/clock.ts';
import { mutated, seeded } from './random.ts';
import type { Random } from './random.ts';

export type ServerCounts = { frames: number; connections: number; writes: number };

/** Sent on one connection before the device is asked whether it still lives. */
const BATCH = 6;
const ANSWER_WITHIN_MS = 5000;
const SOC = { register: 37_760, words: [500] };

/** Random batches until `rounds` frames have been sent. */
export async function fuzzServer(seed: number, rounds: number): Promise<ServerCounts> {
  const random = seeded(seed);
  return withServer(async (send) => {
    for (let sent = 0; sent < rounds; sent += BATCH) {
      // A header that cannot be ends the connection: some batches are good enough to get further.
      const good = random.pick([0, 0.5, 0.9]);
      const frames = Array.from({ length: Math.min(BATCH, rounds - sent) }, () => any(random, good));
      await send(frames, random.chance(0.02));
    }
  });
}

/** Each frame on a connection of its own, in one piece and byte by byte. */
export function sendFrames(frames: readonly Buffer[]): Promise<ServerCounts> {
  return withServer(async (send) => {
    for (const frame of frames) for (const byByte of [false, true]) await send([frame], byByte);
  });
}

/** What the server says to one frame before it hangs up, in hex; `closed` when it hangs up by itself, else `nothing`. */
export async function answerTo(frame: Buffer): Promise<string> {
  const asset = createAsset({ clock: systemClock });
  const server = await startModbusServer({ asset, port: 0 });
  try {
    const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    const said: Buffer[] = [];
    let closed = false;
    socket.on('data', (chunk) => said.push(chunk));
    socket.on('end', () => (closed = true));
    socket.write(frame);
    // What the server does to the frame it has done by the time that it answers somebody else.
    await stillAnswers(server.port, 3);
    socket.destroy();
    assert.equal(asset.tap.entries(), [], 'nothing is written');
    if (said.length > 0) return Buffer.concat(said).toString('hex');
    return closed ? 'closed' : 'nothing';
  } finally {
    await server.stop();
  }
}

async function stillAnswers(port: number, times: number): Promise<void> {
  const address = { host: '127.0.0.1', port, unitId: 1, timeoutMs: ANSWER_WITHIN_MS, requestGapMs: 0 };
  for (let time = 0; time < times; time += 1) {
    const live = await openModbusTcp(systemClock)(address, new AbortController().signal);
    assert.equal(await live.read(SOC.register, 1), SOC.words, 'the device still answers');
    live.drop('close');
  }
}

async function withServer(
  body: (send: (frames: readonly Buffer[], byByte: boolean) => Promise<void>) => Promise<void>,
): Promise<ServerCounts> {
  const asset = createAsset({ clock: systemClock });
  const server = await startModbusServer({ asset, port: 0 });
  const counts: ServerCounts = { frames: 0, connections: 0, writes: 0 };
  let seen = 0;
  try {
    await body(async (frames, byByte) => {
      const bytes = Buffer.concat(frames);
      await sendAll(server.port, byByte ? [...bytes].map((byte) => Buffer.from([byte])) : [bytes]);
      counts.frames += frames.length;
      counts.connections += 1;
      await stillAnswers(server.port, 1);
      seen = explain(asset, seen, bytes);
    });
    counts.writes = seen;
    return counts;
  } finally {
    await server.stop();
  }
}

/** Until the server has closed the connection, or has had it all and we close it. */
function sendAll(port: number, pieces: readonly Buffer[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => {
      for (const piece of pieces) socket.write(piece);
      socket.end();
    });
    socket.resume();
    // A server that hangs up while we still speak resets the connection: its right.
    socket.on('error', () => undefined);
    socket.setTimeout(ANSWER_WITHIN_MS, () => {
      socket.destroy();
      reject(new Error('the server neither answers nor hangs up'));
    });
    socket.on('close', () => resolve());
  });
}

/** Every write that reached the device since `from` must stand in `bytes` as a write request. */
function explain(asset: SimulatedAsset, from: number, bytes: Buffer): number {
  const entries = asset.tap.entries();
  for (const { register, words, functionCode } of entries.slice(from)) {
    const request = writeRequest(register, words, functionCode === 6 ? 6 : 16);
    // Transaction and unit are free, so the header is looked for without its first two bytes, and the rest without the unit.
    const found = positions(bytes, request.subarray(7)).some(
      (at) => at >= 7 && bytes.subarray(at - 5, at - 1).equals(request.subarray(2, 6)),
    );
    assert.ok(
      found,
      `register ${register} was written with ${words.join(' ')}, but nobody asked: ${bytes.toString('hex')}`,
    );
  }
  return entries.length;
}

function positions(bytes: Buffer, part: Buffer): readonly number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(part); at >= 0; at = bytes.indexOf(part, at + 1)) found.push(at);
  return found;
}

function any(random: Random, share: number): Buffer {
  const register = random.pick([37_760, 47_083, 47_100, 47_247, 47_249, 47_075, random.below(65_536)]);
  const good = random.chance(0.5)
    ? readRequest(register, random.pick([0, 1, 2, 38, 125, 126, 65_535]))
    : writeRequest(
        register,
        Array.from({ length: 1 + random.below(4) }, () => random.below(65_536)),
        random.pick([6, 16]),
      );
  return random.chance(share) ? good : mutated(random, good);
}

function readRequest(register: number, count: number): Buffer {
  return framed([3, register >> 8, register & 255, count >> 8, count & 255]);
}

function writeRequest(register: number, words: readonly number[], functionCode: 6 | 16): Buffer {
  const data = words.flatMap((word) => [word >> 8, word & 255]);
  const head = [functionCode, register >> 8, register & 255];
  return framed(functionCode === 6 ? [...head, ...data.slice(0, 2)] : [...head, 0, words.length, data.length, ...data]);
}

function framed(pdu: readonly number[]): Buffer {
  const length = pdu.length + 1;
  return Buffer.from([0, 7, 0, 0, length >> 8, length & 255, 1, ...pdu]);
}
