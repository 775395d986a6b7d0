/**
 * The floor: the least that a Node program can do to read registers over a socket.
 *
 * No time-out, no check of any field, no reconnect, one read at a time; the words land in an array that is used again.
 */
import { connect } from 'node:net';

export type Reader = { readonly read: (register: number, count: number) => Promise<ArrayLike<number>> };

export function openRaw(port: number): Promise<Reader> {
  const buffer = Buffer.allocUnsafeSlow(512);
  const words = new Uint16Array(125);
  let done: (words: Uint16Array) => void = () => {};
  let id = 0;
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, onread: { buffer, callback: take } });

  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', () => resolve({ read }));
  });

  function take(): boolean {
    const count = (buffer[8] ?? 0) >> 1;
    for (let at = 0; at < count; at += 1) words[at] = ((buffer[9 + at * 2] ?? 0) << 8) | (buffer[10 + at * 2] ?? 0);
    done(words);
    return true;
  }

  function read(register: number, count: number): Promise<Uint16Array> {
    id = (id + 1) & 0xffff;
    const frame = Buffer.allocUnsafe(12);
    frame[0] = id >> 8;
    frame[1] = id;
    frame[2] = 0;
    frame[3] = 0;
    frame[4] = 0;
    frame[5] = 6;
    frame[6] = 1;
    frame[7] = 3;
    frame[8] = register >> 8;
    frame[9] = register;
    frame[10] = 0;
    frame[11] = count;
    return new Promise((resolve) => {
      done = resolve;
      socket.write(frame);
    });
  }
}
