/** A real Mosquitto with TLS and certificates made for this run; can be killed and started again on the same port. */
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';
import { tryPort } from '../../io/broker.ts';
import { answers } from './nats-server.ts';
import { until } from './uplink-support.ts';

const PROGRAMS = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/usr/bin/mosquitto'];

export type Mosquitto = AsyncDisposable & {
  readonly url: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly start: () => Promise<void>;
  readonly kill: () => Promise<void>;
};

/** `undefined` where no Mosquitto or no openssl is installed. Clients must show a certificate of the same authority. */
export async function mosquitto(folder: string): Promise<Mosquitto | undefined> {
  const program = PROGRAMS.find((one) => existsSync(one));
  const port = await tryPort(0);
  if (program === undefined || port === undefined || !makeCertificates(folder)) return undefined;
  const at = (name: string): string => path.join(folder, name);
  writeFileSync(
    at('mosquitto.conf'),
    `user ${userInfo().username}
listener ${port} 127.0.0.1
cafile ${at('ca.crt')}
certfile ${at('server.crt')}
keyfile ${at('server.key')}
require_certificate true
allow_anonymous true
persistence true
persistence_location ${folder}/
autosave_interval 1
max_queued_messages 0
`,
  );
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    const dying = child;
    child = undefined;
    if (!dying) return;
    const gone = new Promise((resolve) => dying.once('exit', resolve));
    dying.kill('SIGKILL');
    await gone;
  };
  const start = async (): Promise<void> => {
    child = spawn(program, ['-c', at('mosquitto.conf')], { stdio: 'ignore' });
    await until(() => answers(port), 'mosquitto answers');
  };
  await start();
  return {
    url: `mqtts://localhost:${port}`,
    caFile: at('ca.crt'),
    certFile: at('client.crt'),
    keyFile: at('client.key'),
    start,
    kill,
    [Symbol.asyncDispose]: () => kill(),
  };
}

function makeCertificates(folder: string): boolean {
  const run = (...args: string[]): boolean => spawnSync('openssl', args, { cwd: folder, stdio: 'ignore' }).status === 0;
  const key = (name: string): string[] => [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    name,
  ];
  const signed = (name: string, subject: string): boolean =>
    run('req', ...key(`${name}.key`), '-out', `${name}.csr`, '-subj', subject) &&
    run(
      ...`x509 -req -in ${name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out ${name}.crt -days 2 -extfile san.cnf`.split(
        ' ',
      ),
    );
  writeFileSync(path.join(folder, 'san.cnf'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  return (
    run('req', '-x509', ...key('ca.key'), '-out', 'ca.crt', '-days', '2', '-subj', '/CN=bessd test authority') &&
    signed('server', '/CN=localhost') &&
    signed('client', '/CN=SITE-1')
  );
}
