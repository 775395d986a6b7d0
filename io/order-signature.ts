/**
 * Signed orders: where operators of the site file have public keys, an order counts only with a valid Ed25519 signature of
 * its issuer over the canonical form, issued within the last five minutes.
 *
 * Checked in the north, so that control spends no time on it. docs/semantics.md has the canonical form.
 */
import { createPublicKey, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { DispatchRequest } from '../contracts/commands.ts';
import { refusal } from '../contracts/faults.ts';
import type { Refusal } from '../contracts/faults.ts';
import type { SiteConfig } from '../contracts/site-config.ts';

const REPLAY_WINDOW_MS = 300_000;
/** What stands before the 32 bytes of a key in its DER form (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export type CheckOrder = (order: DispatchRequest) => Refusal | undefined;

/** Undefined where no operator has a key: orders are taken unsigned. */
export function orderCheck(
  { site, operators }: Pick<SiteConfig, 'site' | 'operators'>,
  wallMs: () => number,
): CheckOrder | undefined {
  const keys = new Map<string, KeyObject>();
  for (const { name, role, publicKey } of operators)
    if (publicKey !== undefined && role !== 'viewer') keys.set(name, keyOf(publicKey));
  if (operators.every(({ publicKey }) => publicKey === undefined)) return undefined;
  return (order) => {
    const key = keys.get(order.issuer);
    if (!key)
      return refusal('NOT_AUTHORISED', 'the issuer has no public key in the site file, and orders are signed here');
    if (order.sig === undefined)
      return refusal('NOT_AUTHORISED', 'sig: got nothing, expected the signature of the issuer');
    if (!verify(null, Buffer.from(canonicalOrder(site.id, order)), key, Buffer.from(order.sig, 'base64')))
      return refusal('NOT_AUTHORISED', 'sig: it is not the signature of the issuer over this order for this site');
    const issuedMs = order.issued_at === undefined ? undefined : Date.parse(order.issued_at);
    if (issuedMs === undefined || wallMs() - issuedMs > REPLAY_WINDOW_MS)
      return refusal(
        'REPLAYED',
        `issued_at: got ${order.issued_at ?? 'nothing'}, expected a time within the last ${REPLAY_WINDOW_MS / 1000} s, since the order is signed`,
      );
    return undefined;
  };
}

export function signOrder(siteId: string, order: Omit<DispatchRequest, 'sig'>, key: KeyObject): string {
  return sign(null, Buffer.from(canonicalOrder(siteId, order)), key).toString('base64');
}

/** Three lines: what it is, for which site, and the order without `sig` as JSON with its keys in order and no spaces. */
export function canonicalOrder(siteId: string, order: Omit<DispatchRequest, 'sig'>): string {
  const fields = Object.entries(order)
    .filter(([name, value]) => name !== 'sig' && value !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `bessd-order-1\n${siteId}\n${JSON.stringify(Object.fromEntries(fields))}`;
}

function keyOf(base64: string): KeyObject {
  const der = Buffer.concat([SPKI_PREFIX, Buffer.from(base64, 'base64')]);
  return createPublicKey({ key: der, format: 'der', type: 'spki' });
}
