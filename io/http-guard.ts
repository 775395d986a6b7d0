/**
 * Who may talk to the HTTP interface: programs on this machine that address it by a loopback name, and pages that came
 * from it. A page of another origin in the operator's browser, or a rebound DNS name, gets nothing moved.
 */
import type { FastifyRequest } from 'fastify';
import { refusal } from '../contracts/faults.ts';
import type { Refusal } from '../contracts/faults.ts';

const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]'];

/** Why the request is turned away, or undefined. `port` is the one we listen on. */
export function refuseForeign({ headers }: Pick<FastifyRequest, 'headers'>, port: number): Refusal | undefined {
  const ours = LOOPBACK_NAMES.map((name) => `${name}:${port}`);
  // On port 80 a client leaves the port out.
  const hosts = port === 80 ? [...ours, ...LOOPBACK_NAMES] : ours;
  const { host, origin } = headers;
  if (host === undefined || !hosts.includes(host.toLowerCase())) {
    return refusal('NOT_AUTHORISED', `Host: got ${host ?? 'nothing'}, expected one of ${ours.join(', ')}`);
  }
  if (origin !== undefined && !hosts.map((name) => `http://${name}`).includes(origin.toLowerCase())) {
    return refusal('NOT_AUTHORISED', `Origin: got ${origin}, expected a page of this site (http://${host})`);
  }
  return undefined;
}
