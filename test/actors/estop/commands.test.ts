/** Who may reset, tag out, drill and calibrate, when each is refused, and what it changes. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mayAct } from '../../../actors/estop/authority.ts';
import type { Origin, Reply, SiteCommand } from '../../../contracts/commands.ts';
import type { Code } from '../../../contracts/faults.ts';
import { ARMED, estopBench, LATCHED, siteOf, TOKENS } from './bench.ts';

const test = suite('commands on the latch');

const STILL = { b1: 0, b2: 0 };
const TAG = { tag: 'T1', reason: 'service', issuer: 'ana' };
const TRIPPED = { ...ARMED, trips: { b1: { kind: 'trip' as const, cause: 'hot', sinceWallMs: 1 } } };
const json = JSON.stringify;

type Who = { readonly issuer: string; readonly tokenSha256?: string };
const ana: Who = { issuer: 'ana', tokenSha256: TOKENS.ana };
const ben: Who = { issuer: 'ben', tokenSha256: TOKENS.ben };

const reset = (who = ana): SiteCommand => ({
  name: 'reset_estop',
  body: { ...who, confirmed_safe: true, cause: 'tested' },
});
const resetTrip = (asset_id = 'b1', who = ana): SiteCommand => ({
  name: 'reset_trip',
  body: { ...who, asset_id, cause: 'tested' },
});
const maintenance = (on = true, asset_id = 'b1'): SiteCommand => ({
  name: 'maintenance',
  body: { ...ana, asset_id, on, tag: 'T1', reason: 'service' },
});
const calibrate = (duration_s = 600): SiteCommand => ({
  name: 'calibrate',
  body: { ...ana, asset_id: 'b1', duration_s },
});
const drill = (asset_id = 'b1'): SiteCommand => ({ name: 'drill', body: { ...ana, asset_id, what: 'deadman' } });
const accept = (asset_id = 'b1'): SiteCommand => ({ name: 'accept_firmware', body: { ...ana, asset_id } });
const codeOf = (reply: Reply): Code | 'ok' => (reply.ok ? 'ok' : reply.code);

const WHO: readonly (readonly [title: string, who: Who, origin: Origin, may: boolean])[] = [
  ['a technician with the token', ana, 'nats', true],
  ['an engineer with the token, by HTTP', ben, 'http', true],
  ['a viewer with the token', { issuer: 'vic', tokenSha256: TOKENS.vic }, 'nats', false],
  ['a name that nobody has', { issuer: 'eve', tokenSha256: TOKENS.ana }, 'nats', false],
  ['the token of somebody else', { issuer: 'ana', tokenSha256: TOKENS.ben }, 'nats', false],
  ['a name without a token', { issuer: 'ana' }, 'nats', false],
  ['a name without a token at the machine itself', { issuer: 'ana' }, 'socket', false],
  ['an empty token', { issuer: 'ana', tokenSha256: '' }, 'nats', false],
  ['a token that is too short', { issuer: 'ana', tokenSha256: TOKENS.ana.slice(1) }, 'nats', false],
  ['a token that is too long', { issuer: 'ana', tokenSha256: `${TOKENS.ana}a` }, 'nats', false],
  ['a token that differs in its first digit', { issuer: 'ana', tokenSha256: `b${TOKENS.ana.slice(1)}` }, 'nats', false],
  ['a token that differs in its last digit', { issuer: 'ana', tokenSha256: `${TOKENS.ana.slice(1)}b` }, 'nats', false],
  // Characters whose differences would add up to none.
  ['a token with two other digits', { issuer: 'ana', tokenSha256: `bb${TOKENS.ana.slice(2)}` }, 'nats', false],
];
for (const [title, { issuer, tokenSha256 }, origin, may] of WHO)
  test(`${title} ${may ? 'may' : 'may not'} act`, () => {
    assert.is(mayAct(siteOf(), origin, issuer, tokenSha256), may);
  });

for (const role of ['viewer', 'operator', 'technician', 'engineer', 'admin'] as const)
  test(`a person who is ${role}: ${['viewer', 'operator'].includes(role) ? 'may not' : 'may'} act`, () => {
    const operators = [{ name: 'ana', role, tokenSha256: TOKENS.ana }];
    assert.is(mayAct({ operators }, 'nats', 'ana', TOKENS.ana), !['viewer', 'operator'].includes(role));
  });

for (const origin of ['nats', 'http', 'socket'] as const)
  test(`a site without operators is acted on from ${origin}: ${origin === 'socket'}`, () => {
    assert.is(mayAct({ operators: [] }, origin, 'anybody', undefined), origin === 'socket');
  });

test('a stop that is being carried out cannot be reset, and such a reset is no first one', async () => {
  const bench = await estopBench({ powers: STILL });
  bench.press();
  await bench.clock.advance(2700);
  assert.is(codeOf(bench.command(reset())), 'CAUSE_STANDS');
  await bench.clock.advance(200);
  assert.is(bench.state(), 'latched');
  assert.is(codeOf(bench.command(reset(ben))), 'ok');
  assert.is(bench.state(), 'reset_requested');
  assert.is(codeOf(bench.command(reset(ana))), 'ok');
  assert.is(bench.state(), 'armed');
});

test('nor one that was pressed once more, when the answer to the first press is due', async () => {
  const bench = await estopBench({ powers: STILL });
  const first = bench.press();
  await bench.clock.advance(1000);
  const second = bench.press();
  await bench.clock.advance(1900);
  assert.equal([first.length, second.length], [1, 0]);
  assert.is(codeOf(bench.command(reset())), 'CAUSE_STANDS');
  await bench.clock.advance(1000);
  assert.is(second.length, 1);
  assert.is(codeOf(bench.command(reset())), 'ok');
});

test('whoever may not act is refused every command, and nothing changes', async () => {
  const bench = await estopBench({ file: json({ ...LATCHED, trips: TRIPPED.trips }), powers: STILL });
  const eve = { issuer: 'eve', tokenSha256: TOKENS.ana };
  const commands = [reset(), resetTrip(), maintenance(), calibrate(), drill(), accept()];
  for (const command of commands)
    assert.is(
      codeOf(
        bench.command({ ...command, body: { ...('body' in command ? command.body : {}), ...eve } } as SiteCommand),
      ),
      'NOT_AUTHORISED',
    );
  assert.equal([bench.saved, bench.state()], [[], 'latched']);
});

test('a command that is not for the latch is refused', async () => {
  const bench = await estopBench();
  for (const command of [{ name: 'status' }, { name: 'stop', body: { issuer: 'ana' } }] as const)
    assert.is(codeOf(bench.command(command)), 'BAD_REQUEST');
});

test('a command on an asset that the site does not have is refused', async () => {
  const bench = await estopBench({ file: json(TRIPPED) });
  for (const command of [resetTrip('b3'), maintenance(true, 'b3'), drill('b3'), accept('b3')]) {
    const reply = bench.command(command);
    assert.is(codeOf(reply), 'UNKNOWN_ASSET');
    assert.equal(reply.ok ? undefined : reply.details, { assets: ['b1', 'b2'] });
  }
  assert.equal(bench.saved, []);
});

test('two persons reset the E-stop: the first answer says until when, the second that it is armed, in a new epoch', async () => {
  const bench = await estopBench({ file: json(LATCHED), powers: STILL });
  bench.press();
  await bench.clock.advance(3000);
  bench.told.length = 0;
  const until = new Date(bench.clock.wall() + 120_000).toISOString();
  assert.equal(bench.command(reset()), { ok: true, data: { state: 'reset_requested', expires_at: until } });
  assert.is(bench.state(), 'reset_requested');
  assert.is(bench.latch().epoch, 6);
  assert.is(bench.told.length, 4, 'everybody is told that it still stands');
  assert.ok(bench.told.every(({ latch }) => latch?.estop !== null));
  await bench.clock.advance(119_999);
  assert.equal(bench.command(reset(ben)), { ok: true, data: { state: 'armed' } });
  assert.equal([bench.latch().estop, bench.latch().epoch, bench.state()], [null, 7, 'armed']);
  assert.is(JSON.parse(bench.saved.at(-1) ?? '').estop, null);
  assert.equal(bench.alarms(), []);
  assert.equal(
    bench
      .events('estop')
      .slice(-2)
      .map(({ state, issuer, cause }) => [state, issuer, cause]),
    [
      ['reset_requested', 'ana', 'tested'],
      ['armed', 'ben', 'tested'],
    ],
  );
});

test('the second person comes too late after two minutes, and is the first of a new try', async () => {
  const bench = await estopBench({ file: json(LATCHED), powers: STILL });
  bench.command(reset());
  await bench.clock.advance(120_000);
  assert.is(bench.state(), 'latched', 'that the request has lapsed is told by itself');
  bench.command(reset(ben));
  assert.is(bench.state(), 'reset_requested');
});

test('the same person twice resets nothing', async () => {
  const bench = await estopBench({ file: json(LATCHED), powers: STILL });
  bench.command(reset());
  bench.command(reset());
  assert.is(bench.state(), 'reset_requested');
});

for (const origin of ['nats', 'http', 'socket'] as const)
  test(`where one person is enough, a reset from ${origin} ${origin === 'socket' ? 'arms' : 'is refused'}`, async () => {
    const site = { estop: { reset: 'local_one_person' } };
    const bench = await estopBench({ file: json(LATCHED), powers: STILL, site });
    const reply = bench.command(reset(), origin);
    if (origin === 'socket') assert.equal(reply, { ok: true, data: { state: 'armed' } });
    else assert.is(codeOf(reply), 'NOT_AUTHORISED');
    assert.is(bench.state(), origin === 'socket' ? 'armed' : 'latched');
  });

const AGAINST: readonly (readonly [
  title: string,
  powers: Readonly<Record<string, number | null>>,
  standing: number,
])[] = [
  ['both still', STILL, 0],
  ['one nearly still, charging', { b1: -500, b2: 0 }, 0],
  ['one nearly still, discharging', { b1: 500, b2: 0 }, 0],
  ['one that charges', { b1: -501, b2: 0 }, 1],
  ['one that discharges', { b1: 501, b2: 0 }, 1],
  ['one whose power nobody knows', { b1: null, b2: 0 }, 1],
  ['one that was never seen', { b1: 0 }, 1],
  ['both in the way', { b1: 600 }, 2],
];
for (const [title, powers, standing] of AGAINST)
  test(`batteries against a reset: ${title}`, async () => {
    const bench = await estopBench({ file: json(LATCHED), powers });
    const reply = bench.command(reset());
    assert.is(codeOf(reply), standing === 0 ? 'ok' : 'CAUSE_STANDS');
    if (!reply.ok) assert.is((reply.details as { standing: unknown[] }).standing.length, standing);
    assert.is(bench.state(), standing === 0 ? 'reset_requested' : 'latched');
  });

test('a battery that is not reachable is against a reset, unless it is tagged out', async () => {
  for (const [maintenanceTags, code] of [
    [{}, 'CAUSE_STANDS'],
    [{ b1: TAG }, 'ok'],
  ] as const) {
    const bench = await estopBench({ file: json({ ...LATCHED, maintenance: maintenanceTags }), powers: STILL });
    const b1 = bench.board.assets.get('b1');
    if (b1) bench.board.assets.set('b1', { ...b1, connection: 'backoff' });
    assert.is(codeOf(bench.command(reset())), code);
  }
});

test('what does not stand cannot be reset', async () => {
  const bench = await estopBench({ file: json({ ...ARMED, trips: { b2: TRIPPED.trips.b1 } }), powers: STILL });
  assert.is(codeOf(bench.command(reset())), 'NOT_LATCHED');
  assert.is(codeOf(bench.command(resetTrip())), 'NOT_LATCHED');
  assert.equal(bench.saved, []);
});

test('a trip is reset by one person once its cause is gone, and only that one', async () => {
  const trips = { ...TRIPPED.trips, b2: TRIPPED.trips.b1 };
  let cause: string | undefined = 'still hot';
  const bench = await estopBench({
    standingCause: (id) => (id === 'b1' ? cause : 'another'),
    file: json({ ...ARMED, trips }),
  });
  for (const id of ['tripped', 'device-fault']) bench.board.alarm(id, true, 'P1', 'hot', 'b1');
  assert.is(codeOf(bench.command(resetTrip())), 'CAUSE_STANDS');
  assert.equal(Object.keys(bench.latch().trips), ['b1', 'b2']);
  cause = undefined;
  assert.equal(bench.command(resetTrip()), { ok: true, data: { asset_id: 'b1', state: 'reset' } });
  assert.equal(bench.latch(), { ...ARMED, trips: { b2: TRIPPED.trips.b1 } });
  assert.equal(bench.alarms(), []);
  assert.equal(
    bench.events('trip').map(({ asset_id, state, issuer, cause: why }) => [asset_id, state, issuer, why]),
    [['b1', 'reset', 'ana', 'tested']],
  );
});

test('an asset is tagged out and in, and the tags of others stay', async () => {
  const bench = await estopBench({ file: json({ ...ARMED, maintenance: { b2: TAG } }) });
  assert.equal(bench.command(maintenance()), { ok: true, data: { asset_id: 'b1', maintenance: true } });
  assert.equal(bench.latch(), { ...ARMED, maintenance: { b2: TAG, b1: TAG } });
  assert.equal(bench.command(maintenance(false)), { ok: true, data: { asset_id: 'b1', maintenance: false } });
  assert.equal(bench.latch(), { ...ARMED, maintenance: { b2: TAG } });
  assert.equal(
    bench
      .events('transition')
      .flatMap(({ machine, to, asset_id, tag, reason, issuer }) =>
        machine === 'maintenance' ? [[to, asset_id, tag, reason, issuer]] : [],
      ),
    [
      ['on', 'b1', 'T1', 'service', 'ana'],
      ['off', 'b1', 'T1', 'service', 'ana'],
    ],
  );
});

test('a calibration charge is allowed for its time, and ended by one of no time', async () => {
  const bench = await estopBench({ file: json(ARMED) });
  await bench.clock.advance(5000);
  bench.told.length = 0;
  const until = new Date(bench.clock.wall() + 600_000).toISOString();
  assert.equal(bench.command(calibrate()), { ok: true, data: { asset_id: 'b1', until } });
  assert.equal(bench.told, [{ to: 'guard', type: 'CALIBRATE', assetId: 'b1', untilMs: 605_000 }]);
  bench.command(calibrate(0));
  assert.equal(
    bench
      .events('transition')
      .flatMap(({ machine, to, asset_id, issuer, until: end }) =>
        machine === 'calibration' ? [[to, asset_id, issuer, end]] : [],
      ),
    [
      ['on', 'b1', 'ana', until],
      ['off', 'b1', 'ana', new Date(bench.clock.wall()).toISOString()],
    ],
  );
});

test('no calibration charge is allowed while the site or the asset is stopped, or while nobody guards', async () => {
  for (const [latch, others, code] of [
    [LATCHED, ['guard'], 'ESTOP_LATCHED'],
    [TRIPPED, ['guard'], 'TRIPPED'],
    [ARMED, [], 'NOT_READY'],
  ] as const) {
    const bench = await estopBench({ file: json(latch), others });
    assert.is(codeOf(bench.command(calibrate())), code);
    assert.ok(bench.told.every(({ type }) => type !== 'CALIBRATE'));
    assert.is(bench.events('transition').filter(({ machine }) => machine === 'calibration').length, 0);
  }
});

test('a drill and a changed firmware go to the driver of that asset', async () => {
  const bench = await estopBench();
  bench.told.length = 0;
  assert.equal(bench.command(drill('b2')), { ok: true, data: 'begun' });
  assert.equal(bench.command(accept('b2')), { ok: true, data: { asset_id: 'b2' } });
  assert.equal(
    bench.told.map(({ to, type }) => [to, type]),
    [
      ['driver:b2', 'START_DRILL'],
      ['driver:b2', 'ACCEPT_FIRMWARE'],
    ],
  );
  assert.is((bench.told[0] as unknown as { by: string }).by, 'ana');
});

test('without a driver there is neither', async () => {
  const bench = await estopBench({ others: [] });
  assert.is(codeOf(bench.command(drill())), 'NOT_READY');
  assert.is(codeOf(bench.command(accept())), 'NOT_READY');
});

test.run();
