/** The one door to the device, for every combination of what it looks at. */
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mayWrite } from '../../../machines/device/may-write.ts';
import type { WriteRequest, WriteState } from '../../../machines/device/may-write.ts';
import { permit } from '../support.ts';

const test = suite('mayWrite');

const PURPOSES = ['estop', 'hold', 'order', 'rearm', 'release'] as const;

const OPEN: WriteState = {
  nowMs: 1000,
  leaseHeld: true,
  identityProven: true,
  readOnly: false,
  shadow: false,
  maintenance: false,
  local: false,
  latched: false,
  tripped: false,
  epoch: 7,
  permit: permit(),
  telemetryAgeMs: 100,
  staleAfterMs: 8000,
  firmwareAccepted: true,
  originalsSaved: true,
  sinceLastPowerWriteMs: 1000,
  minWriteIntervalMs: 1000,
  withinBudget: true,
  scalesProven: true,
};
const ORDER: WriteRequest = { kind: 'power', purpose: 'order', targetW: 3000, order: { epoch: 7, expiresAtMs: 9000 } };

/** Everything that can be wrong, each as a switch; the first five are all that a safe write minds. */
const WRONG: readonly (readonly [code: string, change: Partial<WriteState>])[] = [
  ['NO_LEASE', { leaseHeld: false }],
  ['NO_IDENTITY', { identityProven: false }],
  ['READ_ONLY', { readOnly: true }],
  ['MAINTENANCE', { maintenance: true }],
  ['LOCAL', { local: true }],
  ['SHADOW', { shadow: true }],
  ['ESTOP_LATCHED', { latched: true }],
  ['TRIPPED', { tripped: true }],
  ['FIRMWARE_CHANGED', { firmwareAccepted: false }],
  ['ORIGINALS_UNSAVED', { originalsSaved: false }],
  ['NO_PERMIT', { permit: undefined }],
  ['STALE', { telemetryAgeMs: 8001 }],
  ['WRITE_INTERVAL', { sinceLastPowerWriteMs: 999 }],
  ['WRITE_BUDGET', { withinBudget: false }],
  ['SCALE_UNPROVEN', { scalesProven: false }],
];

test('all combinations: a safe write minds lease, identity, read-only, maintenance and local, a power write everything', () => {
  let judged = 0;
  for (let bits = 0; bits < 2 ** WRONG.length; bits += 1) {
    const wrong = WRONG.filter((_, at) => (bits >> at) % 2 === 1);
    const state: WriteState = Object.assign({}, OPEN, ...wrong.map(([, change]) => change));
    for (const purpose of PURPOSES) {
      const passing = (code: string): boolean =>
        (code === 'LOCAL' && purpose === 'estop') || (code === 'WRITE_INTERVAL' && purpose === 'rearm');
      const minded = wrong.map(([code]) => code).filter((code) => !passing(code));
      const safely = minded.filter((code) => WRONG.findIndex(([name]) => name === code) < 5);
      expectFirst(mayWrite({ ...ORDER, kind: 'safe', purpose }, state), safely[0]);
      expectFirst(mayWrite({ ...ORDER, purpose }, state), minded[0]);
      judged += 2;
    }
  }
  assert.is(judged, 2 ** WRONG.length * 2 * PURPOSES.length);
});

test('a safe write needs neither order nor permit nor fresh telemetry', () => {
  const bare: WriteRequest = { kind: 'safe', purpose: 'hold', targetW: 0 };
  assert.ok(mayWrite(bare, { ...OPEN, permit: undefined, telemetryAgeMs: Number.NaN, nowMs: Number.NaN }).allowed);
});

test('a permit and an order end at their very millisecond', () => {
  assert.equal(at({ nowMs: 8999 }), 'passes');
  assert.equal(at({ nowMs: 9000 }), 'ORDER_ENDED');
  const lasting = { ...ORDER, order: { epoch: 7, expiresAtMs: 20_000 } };
  assert.equal([at({ nowMs: 9999 }, lasting), at({ nowMs: 10_000 }, lasting)], ['passes', 'PERMIT_LAPSED']);
  assert.equal([at({ telemetryAgeMs: 8000 }), at({ telemetryAgeMs: 8000.1 })], ['passes', 'STALE']);
  assert.equal(
    [at({ sinceLastPowerWriteMs: 1000 }), at({ sinceLastPowerWriteMs: 999.9 })],
    ['passes', 'WRITE_INTERVAL'],
  );
  assert.is(at({ sinceLastPowerWriteMs: Number.POSITIVE_INFINITY }), 'passes');
});

test('permit and order of another epoch are void, older or newer', () => {
  for (const epoch of [6, 8, Number.NaN]) {
    assert.is(at({ permit: permit({ epoch }) }), 'STALE_EPOCH');
    assert.is(at({}, { ...ORDER, order: { epoch, expiresAtMs: 9000 } }), 'STALE_EPOCH');
    assert.is(at({ epoch }), 'STALE_EPOCH');
  }
  const { order: _order, ...orderless } = ORDER;
  for (const purpose of ['order', 'rearm'] as const) assert.is(at({}, { ...orderless, purpose }), 'STALE_EPOCH');
  assert.is(at({}, { ...orderless, purpose: 'release', targetW: 0 }), 'passes');
});

test('power is covered by the permit of its own direction, to the watt of rounding', () => {
  const given = { permit: permit({ maxChargeW: 2000, maxDischargeW: 5000 }) };
  const target = (targetW: number): string => at(given, { ...ORDER, targetW });
  assert.equal([target(5000), target(5001), target(5001.1)], ['passes', 'passes', 'OVER_PERMIT']);
  assert.equal([target(-2000), target(-2001), target(-2001.1)], ['passes', 'passes', 'OVER_PERMIT']);
});

test('a direction that the permit closes is closed: not even the watt of rounding passes', () => {
  const closed = { permit: permit({ maxDischargeW: 0 }) };
  assert.equal(
    [at(closed, { ...ORDER, targetW: 0.5 }), at(closed, { ...ORDER, targetW: -3000 })],
    ['OVER_PERMIT', 'passes'],
  );
  const shut = { permit: permit({ maxChargeW: 0 }) };
  assert.equal(
    [at(shut, { ...ORDER, targetW: -0.5 }), at(shut, { ...ORDER, targetW: 3000 })],
    ['OVER_PERMIT', 'passes'],
  );
});

test('a release needs a permit that leaves some direction open', () => {
  const release: WriteRequest = { kind: 'power', purpose: 'release', targetW: 0 };
  assert.is(at({}, release), 'passes');
  assert.is(at({ permit: permit({ maxChargeW: 0 }) }, release), 'passes');
  assert.is(at({ permit: permit({ maxChargeW: 0, maxDischargeW: 0 }) }, release), 'OVER_PERMIT');
  assert.is(at({ permit: permit({ maxChargeW: Number.NaN, maxDischargeW: Number.NaN }) }, release), 'OVER_PERMIT');
});

test('a number that is no number is a no, wherever it stands', () => {
  const numbers: readonly (readonly [string, (bad: number) => string])[] = [
    ['charge of the permit', (bad) => at({ permit: permit({ maxChargeW: bad }) }, { ...ORDER, targetW: -3000 })],
    ['discharge of the permit', (bad) => at({ permit: permit({ maxDischargeW: bad }) })],
    ['expiry of the permit', (bad) => at({ permit: permit({ expiresAtMs: bad }) })],
    ['expiry of the order', (bad) => at({}, { ...ORDER, order: { epoch: 7, expiresAtMs: bad } })],
    ['target', (bad) => at({}, { ...ORDER, targetW: bad })],
    ['negative target', (bad) => at({}, { ...ORDER, targetW: -bad })],
    ['time', (bad) => at({ nowMs: bad })],
    ['negative time', (bad) => at({ nowMs: -bad })],
    ['age of the telemetry', (bad) => at({ telemetryAgeMs: bad })],
    ['stale limit', (bad) => at({ staleAfterMs: bad })],
    ['write interval', (bad) => at({ minWriteIntervalMs: bad })],
  ];
  for (const [title, judge] of numbers) {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) assert.is.not(judge(bad), 'passes', `${title}: ${bad}`);
  }
  assert.is(at({ sinceLastPowerWriteMs: Number.NaN }), 'WRITE_INTERVAL');
});

test('whatever the numbers are, what passes is finite, in time and under the permit', () => {
  const any = fc.oneof(fc.double(), fc.integer({ min: -6000, max: 12_000 }));
  fc.assert(
    fc.property(any, any, any, any, any, any, (targetW, maxChargeW, maxDischargeW, expiresAtMs, nowMs, endsAtMs) => {
      const state = { ...OPEN, nowMs, permit: permit({ maxChargeW, maxDischargeW, expiresAtMs }) };
      if (!mayWrite({ ...ORDER, targetW, order: { epoch: 7, expiresAtMs: endsAtMs } }, state).allowed) return;
      assert.ok(nowMs < expiresAtMs && nowMs < endsAtMs);
      assert.ok(targetW <= Math.max(0, maxDischargeW + 1) && targetW >= Math.min(0, -(maxChargeW + 1)));
      assert.ok([targetW, maxChargeW, maxDischargeW, expiresAtMs, nowMs, endsAtMs].every(Number.isFinite));
    }),
    { numRuns: 20_000 },
  );
});

test('a release needs room in one direction at least, whichever', () => {
  const release: WriteRequest = { kind: 'power', purpose: 'release', targetW: 0 };
  const of = (maxChargeW: number, maxDischargeW: number): boolean =>
    mayWrite(release, { ...OPEN, permit: permit({ maxChargeW, maxDischargeW }) }).allowed;
  assert.equal([of(500, 0), of(0, 500), of(500, 500), of(0, 0)], [true, true, true, false]);
});

test('an order for no power is under every permit that has bounds', () => {
  const closed = permit({ maxChargeW: 0, maxDischargeW: 0 });
  assert.is(mayWrite({ ...ORDER, targetW: 0 }, { ...OPEN, permit: closed }).allowed, true);
  assert.is(mayWrite({ ...ORDER, targetW: 0 }, { ...OPEN, permit: permit({ maxChargeW: Number.NaN }) }).allowed, false);
});

test.run();

function at(change: Partial<WriteState>, request: WriteRequest = ORDER): string {
  const verdict = mayWrite(request, { ...OPEN, ...change });
  return verdict.allowed ? 'passes' : verdict.code;
}

function expectFirst(verdict: ReturnType<typeof mayWrite>, code: string | undefined): void {
  const found = verdict.allowed ? undefined : verdict.code;
  if (found !== code) assert.is(found, code);
}
