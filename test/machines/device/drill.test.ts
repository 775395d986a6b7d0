/** The drill of the dead-man, step by step, and the one exception at the door that it needs. */
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { beginDrill, callOff, drillEndsAtMs, lookAtDrill } from '../../../machines/device/drill.ts';
import type { Drill, DrillLook } from '../../../machines/device/drill.ts';
import { mayWrite } from '../../../machines/device/may-write.ts';
import type { WriteRequest, WriteState } from '../../../machines/device/may-write.ts';
import { permit } from '../support.ts';

const test = suite('drill');

const TAGGED: WriteState = {
  nowMs: 1000,
  leaseHeld: true,
  identityProven: true,
  readOnly: false,
  shadow: false,
  maintenance: true,
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
  drill: { endsAtMs: 9000, maxW: 500 },
};
const FORCE: WriteRequest = { kind: 'power', purpose: 'drill', targetW: 500, order: { epoch: 7, expiresAtMs: 9000 } };
const STOP: WriteRequest = { kind: 'safe', purpose: 'hold', targetW: 0 };
const codeOf = (request: WriteRequest, change: Partial<WriteState> = {}): string => {
  const verdict = mayWrite(request, { ...TAGGED, ...change });
  return verdict.allowed ? 'allowed' : verdict.code;
};

test('on a tagged asset the drill passes the door with its own power and with what stops it again', () => {
  assert.equal([codeOf(FORCE), codeOf({ ...FORCE, targetW: -500 }), codeOf(STOP)], ['allowed', 'allowed', 'allowed']);
});

test('without a drill, after its time, and for more than its power the tag stands', () => {
  for (const change of [{ drill: undefined }, { nowMs: 9000 }, { drill: { endsAtMs: Number.NaN, maxW: 500 } }])
    assert.equal([codeOf(FORCE, change), codeOf(STOP, change)], ['MAINTENANCE', 'MAINTENANCE'], JSON.stringify(change));
  assert.is(codeOf({ ...FORCE, targetW: 501 }), 'MAINTENANCE');
  assert.is(codeOf({ ...FORCE, targetW: Number.NaN }), 'MAINTENANCE');
});

test('a drill opens the door for no order, no release and no re-arm', () => {
  for (const purpose of ['order', 'rearm', 'release'] as const)
    assert.is(codeOf({ ...FORCE, purpose }), 'MAINTENANCE', purpose);
});

test('a drill needs everything else that power needs', () => {
  const wrong: [string, Partial<WriteState>][] = [
    ['NO_LEASE', { leaseHeld: false }],
    ['NO_IDENTITY', { identityProven: false }],
    ['READ_ONLY', { readOnly: true }],
    ['LOCAL', { local: true }],
    ['SHADOW', { shadow: true }],
    ['ESTOP_LATCHED', { latched: true }],
    ['TRIPPED', { tripped: true }],
    ['FIRMWARE_CHANGED', { firmwareAccepted: false }],
    ['NO_PERMIT', { permit: undefined }],
    ['OVER_PERMIT', { permit: permit({ maxDischargeW: 400 }) }],
    ['STALE', { telemetryAgeMs: 8001 }],
    ['NOT_AUTHORISED', { maintenance: false }],
  ];
  for (const [code, change] of wrong) assert.is(codeOf(FORCE, change), code);
});

test('a drill without an order of its epoch passes no door', () => {
  const { order: _none, ...orderless } = FORCE;
  assert.is(codeOf(orderless), 'STALE_EPOCH');
  assert.is(codeOf({ ...FORCE, order: { epoch: 6, expiresAtMs: 9000 } }), 'STALE_EPOCH');
});

const PLAN = {
  by: 'ana',
  w: 5000,
  epoch: 7,
  startedAtMs: 0,
  timeoutMs: 120_000,
  forceWithinMs: 55_000,
  toleranceW: 2000,
};
const look = (nowMs: number, powerW: number | undefined, more: Partial<DrillLook> = {}): DrillLook => ({
  nowMs,
  powerW,
  forced: true,
  armedAtMs: 1000,
  arrived: true,
  ...more,
});
const after = (looks: readonly DrillLook[], from: Drill = beginDrill(PLAN)): Drill | undefined =>
  looks.reduce<Drill | undefined>((drill, one) => drill && lookAtDrill(drill, one), from);
const SILENT = after([look(3000, 5000), look(4000, 4900)]) as Drill;

test('silence begins when the power follows twice running, and lasts the declared time from the last write on', () => {
  assert.is(after([look(3000, 5000), look(4000, 0), look(5000, 5000)])?.phase, 'forcing');
  assert.is(after([look(3000, 5000, { arrived: false }), look(4000, 5000)])?.phase, 'forcing');
  assert.equal([SILENT.phase, SILENT.lookAtMs], ['silent', 121_000]);
});

test('a power that does not follow in time ends the drill without a finding that counts', () => {
  const late = after([look(54_000, 100), look(55_000, undefined)]);
  assert.equal([late?.phase, late?.finding?.result], ['stopping', 'inconclusive']);
});

test('a power that has ended at the look is proven, with the time of that look', () => {
  const ended = after([look(121_500, 0, { forced: false })], SILENT);
  assert.equal([ended?.finding?.result, ended?.finding?.timeMs, ended?.finding?.resultingW], ['proven', 120_500, 0]);
  const byPower = after([look(121_500, 100, { forced: undefined })], SILENT);
  assert.is(byPower?.finding?.result, 'proven');
});

test('a power that goes on is looked at again after a pause, and has failed at twice the time and half a minute', () => {
  const again = after([look(121_500, 5000)], SILENT);
  assert.equal([again?.phase, again?.lookAtMs], ['silent', 131_500]);
  assert.is(after([look(270_999, 5000)], SILENT)?.phase, 'silent');
  assert.is(after([look(271_000, 5000)], SILENT)?.finding?.result, 'failed');
});

test('what cannot be measured proves nothing', () => {
  const blind = after([look(121_500, undefined, { forced: false })], SILENT);
  assert.is(blind?.finding, undefined);
  assert.is(after([look(271_000, undefined, { forced: undefined })], SILENT)?.finding?.result, 'failed');
});

test('called off it stops first, and is over at zero or after a minute', () => {
  const stopping = callOff(SILENT, 'ESTOP', 10_000);
  assert.is(stopping.finding?.result, 'inconclusive');
  assert.is(after([look(11_000, 5000)], stopping), stopping);
  assert.is(after([look(11_000, 0, { arrived: false })], stopping), stopping);
  assert.is(after([look(12_000, 0)], stopping), undefined);
  assert.is(after([look(70_000, 5000)], stopping), undefined);
});

test('a finding is never overwritten by calling off', () => {
  const failed = after([look(271_000, 5000)], SILENT) as Drill;
  assert.is(callOff(failed, 'ESTOP', 271_100), failed);
});

test('whatever is looked at, no drill lives longer than the exception at the door', () => {
  const looks = fc.record({
    afterMs: fc.integer({ min: 100, max: 20_000 }),
    powerW: fc.option(fc.integer({ min: -6000, max: 6000 }), { nil: undefined }),
    forced: fc.constantFrom(true, false, undefined),
    arrived: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(looks, { minLength: 40, maxLength: 60 }), (all) => {
      let drill: Drill | undefined = beginDrill(PLAN);
      let nowMs = 0;
      for (const one of all) {
        // A poll comes at least every 20 s, but for the silence that the drill itself asks for.
        nowMs = Math.max(nowMs + one.afterMs, drill?.phase === 'silent' ? drill.lookAtMs : 0);
        drill = drill && lookAtDrill(drill, { ...one, nowMs, armedAtMs: Math.min(nowMs, 55_000) });
        if (drill) assert.ok(nowMs - 20_000 <= drillEndsAtMs(PLAN), `${nowMs} ms, ${drill.phase}`);
      }
    }),
    { numRuns: 500 },
  );
});

test.run();
