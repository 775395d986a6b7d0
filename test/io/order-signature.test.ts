import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { generateKeyPairSync } from 'node:crypto';
import type { DispatchRequest } from '../../contracts/commands.ts';
import { canonicalOrder, orderCheck, signOrder } from '../../io/order-signature.ts';

const NOW = Date.parse('2026-11-21T10:00:00.000Z');
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519').privateKey;
const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
const operator = (more: object = {}) =>
  ({ name: 'ems', role: 'operator', tokenSha256: 'a'.repeat(64), publicKey: raw, ...more }) as const;
const config = (...operators: readonly object[]) =>
  ({ site: { id: 'SITE-1', name: '', timezone: 'UTC' }, operators }) as unknown as Parameters<typeof orderCheck>[0];
const order: DispatchRequest = {
  id: 'a',
  asset_id: 'bess-1',
  w: -1500.5,
  duration_s: 60,
  issuer: 'ems',
  issued_at: '2026-11-21T09:59:00.000Z',
};
const check = orderCheck(config(operator()), () => NOW);
const signed = (more: Partial<DispatchRequest> = {}, siteId = 'SITE-1', key = privateKey): DispatchRequest => {
  const one = { ...order, ...more };
  return { ...one, sig: signOrder(siteId, one, key) };
};

test('the canonical form is three lines with the fields in order', () => {
  assert.is(
    canonicalOrder('SITE-1', { ...order, sig: 'x' } as DispatchRequest),
    'bessd-order-1\nSITE-1\n{"asset_id":"bess-1","duration_s":60,"id":"a","issued_at":"2026-11-21T09:59:00.000Z","issuer":"ems","w":-1500.5}',
  );
});

test('an order with the signature of its issuer passes', () => {
  assert.is(check?.(signed()), undefined);
});

const REFUSED: readonly (readonly [string, DispatchRequest, string])[] = [
  ['no signature', order, 'NOT_AUTHORISED'],
  ['another power than was signed', { ...signed(), w: 1500 }, 'NOT_AUTHORISED'],
  ['a field that was not signed', { ...signed(), seq: 3 }, 'NOT_AUTHORISED'],
  ['a signature for another site', signed({}, 'SITE-2'), 'NOT_AUTHORISED'],
  ['the key of a stranger', signed({}, 'SITE-1', stranger), 'NOT_AUTHORISED'],
  ['an issuer who is no operator', signed({ issuer: 'eve' }), 'NOT_AUTHORISED'],
  ['a signature that is no base64', { ...order, sig: '%%%' }, 'NOT_AUTHORISED'],
  ['an order that was signed too long ago', signed({ issued_at: '2026-11-21T09:54:00.000Z' }), 'REPLAYED'],
  ['an order that does not say when it was issued', signed({ issued_at: undefined }), 'REPLAYED'],
];
for (const [what, request, code] of REFUSED)
  test(`where keys are configured, ${what} is refused with ${code}`, () => {
    assert.is(check?.(request)?.code, code);
  });

test('the key of a viewer orders nothing', () => {
  assert.is(orderCheck(config(operator({ role: 'viewer' })), () => NOW)?.(signed())?.code, 'NOT_AUTHORISED');
});

test('where nobody has a key orders are taken unsigned', () => {
  assert.is(
    orderCheck(config(operator({ publicKey: undefined })), () => NOW),
    undefined,
  );
});

test.run();
