/**
 * The other end of the Unix socket: one request, one reply, for the CLI and for health checks.
 */
import { connect } from 'node:net';
import type { Reply } from '../contracts/commands.ts';
import { Fault } from '../contracts/faults.ts';

/** What a running site says about its own doors. */
export type Whereabouts = {
  readonly site: string;
  readonly version: string;
  readonly pid: number;
  readonly nats_url: string | null;
  readonly http: string | null;
};

/** Rejects with a fault when nobody answers within `timeoutMs`. */
export function askSocket(
  socketPath: string,
  name: string,
  body: unknown,
  timeoutMs: number,
  traceparent?: string,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let received = '';
    const fail = (why: string): void => {
      socket.destroy();
      reject(new Fault('CONNECT_FAILED', `${socketPath}: ${why}`));
    };
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs);
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(`${JSON.stringify({ id: 1, name, body, traceparent })}\n`));
    socket.on('error', ({ message }) => fail(message));
    socket.on('close', () => {
      clearTimeout(timer);
      fail('closed without an answer'); // has no effect after the answer
    });
    socket.on('data', (text: string) => {
      received += text;
      const end = received.indexOf('\n');
      if (end < 0) return;
      clearTimeout(timer);
      try {
        resolve((JSON.parse(received.slice(0, end)) as { reply: Reply }).reply);
        socket.destroy();
      } catch {
        fail('the answer is not JSON');
      }
    });
  });
}
