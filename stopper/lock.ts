/**
 * One stopper per site: a Unix socket that the present one holds. A new one asks it to hand over what it knows; it does,
 * unless a living runtime feeds it, and ends.
 *
 * The socket is open to this user alone, and one that belongs to somebody else is not spoken to.
 */
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { Server } from 'node:net';
import { inheritanceSchema } from '../contracts/stopper.ts';
import type { Inheritance } from '../contracts/stopper.ts';

export type Lock = { readonly release: () => void };
export type Taken =
  | { readonly how: 'held'; readonly lock: Lock; readonly inheritance: Inheritance | undefined }
  /** `refused`: the one that has it is being fed. `unavailable`: there is no place for the socket. */
  | { readonly how: 'refused' | 'unavailable' };

export type LockOptions = {
  readonly socketPath: string;
  readonly isOurs: (socketPath: string) => boolean;
  /** Asked by a successor; undefined: no. After the answer this process must end. */
  readonly handOver: () => Inheritance | undefined;
  readonly handedOver: () => void;
};

const ANSWER_MS = 1500;
const REFUSED = 'no';

export async function takeLock(options: LockOptions): Promise<Taken> {
  const { socketPath, isOurs } = options;
  const answer = isOurs(socketPath) ? await ask(socketPath) : undefined;
  if (answer === REFUSED) return { how: 'refused' };
  // What nobody answers on was left by one that was killed.
  if (isOurs(socketPath)) rmSync(socketPath, { force: true });
  const server = await listen(options);
  if (!server) return { how: 'unavailable' };
  return { how: 'held', lock: { release: () => void server.close() }, inheritance: read(answer) };
}

/** The whole answer, or undefined when nobody gives one. */
function ask(socketPath: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    let text = '';
    const end = (answer: string | undefined): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(() => end(undefined), ANSWER_MS);
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('end', () => end(text === '' ? undefined : text));
    socket.on('error', () => end(undefined));
  });
}

function read(answer: string | undefined): Inheritance | undefined {
  if (answer === undefined) return undefined;
  try {
    return inheritanceSchema.safeParse(JSON.parse(answer)).data;
  } catch {
    return undefined; // cut short: the devices are known again with the first feed
  }
}

function listen({ socketPath, handOver, handedOver }: LockOptions): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      const inheritance = handOver();
      if (!inheritance) return void socket.end(REFUSED);
      // Closed first: it takes its file away, which must not be that of the successor.
      server.close();
      socket.end(JSON.stringify(inheritance), handedOver);
      socket.on('close', handedOver);
    });
    server.on('error', () => resolve(undefined));
    server.listen(socketPath, () => resolve(server));
  });
}
