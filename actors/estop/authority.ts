/**
 * Who may do privileged things: an operator of the site file with the right role and the right token, or, where the site
 * has no operators, whoever stands at the machine (the Unix socket).
 */
import { timingSafeEqual } from 'node:crypto';
import type { Origin } from '../../contracts/commands.ts';
import type { SiteConfig } from '../../contracts/site-config.ts';

const PRIVILEGED = ['technician', 'engineer', 'admin'];

export function mayAct(site: Pick<SiteConfig, 'operators'>, origin: Origin, issuer: string, tokenSha256: string | undefined): boolean {
  if (site.operators.length === 0) return origin === 'socket';
  const operator = site.operators.find(({ name }) => name === issuer);
  if (!operator || tokenSha256 === undefined || !PRIVILEGED.includes(operator.role)) return false;
  const [given, known] = [Buffer.from(tokenSha256, 'hex'), Buffer.from(operator.tokenSha256, 'hex')];
  return given.length === known.length && timingSafeEqual(given, known);
}
