/** A real nats-server with JetStream, in a folder of its own; can be killed and started again on the same port. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { connect } from 'node:net';
import { findBrokers } from '../../io/broker-find.ts';
import { tryPort } from '../../io/broker.ts';
import { until } from './uplink-support.ts';

export type NatsServer = AsyncDisposable & {
  readonly url: string;
  readonly start: () => Promise<void>;
  readonly kill: (signal?: NodeJS.Signals) => Promise<void>;
  /** Such as SIGSTOP, after which it lives on. */
  readonly signal: (signal: NodeJS.Signals) => void;
};

/** `undefined` where no nats-server is installed. */
export async function natsServer(folder: string): Promise<NatsServer | undefined> {
  const [binary] = await findBrokers();
  const port = await tryPort(0);
  if (!binary || port === undefined) return undefined;
  let child: ChildProcess | undefined;
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    const dying = child;
    child = undefined;
    if (!dying) return;
    const gone = new Promise((resolve) => dying.once('exit', resolve));
    dying.kill(signal);
    await gone;
  };
  const start = async (): Promise<void> => {
    child = spawn(binary.file, ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder], { stdio: 'ignore' });
    await until(() => answers(port), 'nats-server answers');
  };
  await start();
  return {
    url: `nats://127.0.0.1:${port}`,
    start,
    kill,
    signal: (name) => void child?.kill(name),
    [Symbol.asyncDispose]: () => kill(),
  };
}

export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
