/**
 * Who may do privileged things: an operator of the site file with the right role and the right token, or, where the site
 * has no operators, whoever stands at the machine (the Unix socket).
 */
import type { Origin } from '../../contracts/commands.ts';
import type { SiteConfig } from '../../contracts/site-config.ts';

const PRIVILEGED = ['technician', 'engineer', 'admin'];

export function mayAct(
  site: Pick<SiteConfig, 'operators'>,
  origin: Origin,
  issuer: string,
  tokenSha256: string | undefined,
): boolean {
  if (site.operators.length === 0) return origin === 'socket';
  const operator = site.operators.find(({ name }) => name === issuer);
  if (!operator || tokenSha256 === undefined || !PRIVILEGED.includes(operator.role)) return false;
  return equalInConstantTime(tokenSha256, operator.tokenSha256);
}

/** Takes as long for a nearly right token as for a wrong one. */
function equalInConstantTime(given: string, known: string): boolean {
  let difference = given.length ^ known.length;
  for (let at = 0; at < known.length; at += 1) difference |= known.charCodeAt(at) ^ (given.charCodeAt(at) || 0);
  return difference === 0;
}
