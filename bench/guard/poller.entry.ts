/**
 * The floor: the least that a Node program can do to guard batteries over bare sockets: `poller.entry.ts PORT`.
 *
 * It reads the same registers as bessd with the same period and phases, compares the temperatures with the one limit, writes
 * the stop, and releases what has cooled down. No time-out, no check of any field, no reconnect, no record, no permit.
 * Rehearsed at start against a device of its own, so that no code of it is cold. Says `ready` when it polls.
 */
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { BARE, BLOCK, HOLD, HOT_STOP, MODE, OWN_CONTROL, PERIOD_MS, TEMPERATURES } from './units.ts';

const REHEARSALS = 3000;
/** Behind the header of the reply. */
const WORDS_AT = 9;

const port = Number(process.argv[2]);
await rehearse();
for (let at = 0; at < BARE.count; at += 1) guard(port, BARE.first + at, PERIOD_MS, (at * PERIOD_MS) / BARE.count);
console.log('ready');
process.stdin.on('end', () => process.exit(0)).resume();

/** `periodMs` 0: back to back. Ends by itself after `polls`. */
function guard(
  to: number,
  unit: number,
  periodMs: number,
  phaseMs: number,
  polls = Infinity,
  ended?: () => void,
): void {
  const buffer = Buffer.allocUnsafeSlow(512);
  const read = Buffer.from([0, 1, 0, 0, 0, 6, unit, 3, 0, BLOCK.register, 0, BLOCK.count]);
  const stop = Buffer.from([0, 2, 0, 0, 0, 6, unit, 6, 0, MODE, 0, HOLD]);
  const release = Buffer.from([0, 3, 0, 0, 0, 6, unit, 6, 0, MODE, 0, OWN_CONTROL]);
  let dueMs = performance.now() + phaseMs;
  let left = polls;
  const socket = connect({ host: '127.0.0.1', port: to, noDelay: true, onread: { buffer, callback: take } });
  socket.on('error', () => process.exit(1));
  socket.on('connect', next);

  function take(): boolean {
    if (buffer[7] === 6) next();
    else if (hottest() >= HOT_STOP) socket.write(stop);
    else if (wordAt(MODE) === HOLD) socket.write(release);
    else next();
    return true;
  }

  function hottest(): number {
    let most = -Infinity;
    for (const at of TEMPERATURES) most = Math.max(most, wordAt(at));
    return most;
  }

  function wordAt(register: number): number {
    return buffer.readInt16BE(WORDS_AT + 2 * (register - BLOCK.register));
  }

  function next(): void {
    left -= 1;
    if (left < 0) {
      socket.destroy();
      ended?.();
      return;
    }
    dueMs += periodMs;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) setTimeout(poll, waitMs);
    else poll();
  }

  function poll(): void {
    socket.write(read);
  }
}

/** The very same loop, back to back, on a battery that is hot at two of three polls. */
function rehearse(): Promise<void> {
  const reply = Buffer.alloc(WORDS_AT + 2 * BLOCK.count);
  reply[7] = 3;
  let polls = 0;
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('data', (request) => {
      if (request[7] === 6) return socket.write(request);
      polls += 1;
      reply.writeInt16BE(polls % 3 ? HOT_STOP : 0, WORDS_AT + 2 * (TEMPERATURES[2] - BLOCK.register));
      return socket.write(Buffer.from(reply));
    });
  });
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      guard((server.address() as AddressInfo).port, 1, 0, 0, REHEARSALS, () => {
        server.close();
        resolve();
      });
    }),
  );
}
