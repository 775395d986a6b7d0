// deadline: 120 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { refusal } from '../../contracts/faults.ts';
import { findBrokers } from '../../io/broker-find.ts';
import { STATUS, answering, startNorth } from '../io/north-harness.ts';

type Run = { readonly code: number | null; readonly out: string; readonly err: string };

const hasBroker = (await findBrokers()).length > 0;
if (!hasBroker)
  console.log('SKIPPED: no nats-server on this machine, so the command line was tried over the socket only');
const north = await startNorth({ siteId: 'CLI-1', broker: hasBroker });
const folder = path.dirname(north.socketPath);
const ORDER = ['dispatch', '--asset', 'bess-1', '--duration', '60', '--issuer', 'ana'];

test.before.each(() => {
  north.setControl(answering);
  north.seen.length = 0;
});
test.after(async () => void (await north.stop()));

test('the one running site of the machine is found by its socket', async () => {
  const { code, out } = await bessd('status');
  assert.is(code, 0);
  assert.match(out, /bess-1 +online +standby +good +55\.5 % +\S+( kW)? +-1 kW +50 kW +40 kW/);
  assert.match(out, /E-stop {2}armed/);
  assert.is(stripVTControlCharacters(out), out, 'no colours outside a terminal');
  assert.is(north.seen[0]?.origin, 'socket');
});

test('machines get the reply as JSON, refusals too', async () => {
  const good = JSON.parse((await bessd('status', '--json')).out) as { ok: boolean; data: { site: string } };
  assert.equal([good.ok, good.data.site], [true, 'SITE-1']);
  north.setControl(() => refusal('ESTOP_LATCHED'));
  const { code, out } = await bessd(...ORDER, '--w', '1000', '--json');
  assert.equal([code, (JSON.parse(out) as { code: string }).code], [1, 'ESTOP_LATCHED']);
});

test('an order shows what each asset got and why', async () => {
  const share = { asset_id: 'bess-1', raw_w: -50_000, final_w: -40_000, written_w: -40_000, reasons: ['SOC_TAPER'] };
  const data = {
    id: 'o1',
    status: 'clamped',
    requested_w: -50_000,
    applied_w: -40_000,
    residual_w: -10_000,
    expires_at: 'soon',
    precedence: 'asset',
    assets: [share],
  };
  north.setControl(() => ({ ok: true, data }));
  const { code, out } = await bessd(...ORDER, '--w', '-50000', '--id', 'o1');
  assert.is(code, 0);
  assert.match(out, /clamped, -10 kW short: -40 kW of -50 kW/);
  assert.match(out, /bess-1 +-50 kW +-40 kW +-40 kW +SOC_TAPER/);
  assert.equal(north.seen[0]?.command, {
    name: 'dispatch',
    body: { id: 'o1', asset_id: 'bess-1', w: -50_000, duration_s: 60, issuer: 'ana' },
  });
});

test('an order for all goes to the site that was found', async () => {
  await bessd('dispatch', '--all', '--w', '5', '--duration', '60');
  const { command } = north.seen[0] ?? {};
  assert.is(command?.name === 'dispatch' && command.body.site_id, 'CLI-1');
});

const USAGE: readonly (readonly [readonly string[], RegExp])[] = [
  [['dispatch', '--asset', 'a', '--w', 'much', '--duration', '1'], /--w.*'much'.*Expected a number of W/],
  [['dispatch', '--asset', 'a', '--w', 'Infinity', '--duration', '1'], /--w.*'Infinity'/],
  [['dispatch', '--asset', 'a', '--w', '', '--duration', '1'], /--w/],
  [['dispatch', '--asset', 'a', '--w', '1', '--duration', '0'], /--duration.*'0'.*seconds/],
  [['dispatch', '--asset', 'a', '--w', '1'], /--duration/],
  [['dispatch', '--w', '1', '--duration', '1'], /--asset: got nothing, expected/],
  [['dispatch', '--asset', 'a', '--all', '--w', '1', '--duration', '1'], /--asset.*--all/],
  [['status', '--nats', 'http://x'], /--nats.*'http:\/\/x'.*Expected/],
  [['status', '--nats', 'nats://127.0.0.1:1'], /--site: got nothing, expected/],
  [['maintenance', '--asset', 'a', '--tag', 't', '--reason', 'r'], /--on: got nothing/],
  [['reset-estop', '--cause', 'c'], /--confirmed-safe/],
  [['fly'], /unknown command 'fly'/],
  [['status', '--fast'], /unknown option '--fast'/],
];
for (const [args, expected] of USAGE) {
  test(`"bessd ${args.join(' ')}" is a usage error: exit 2, and it says what was expected`, async () => {
    const { code, err } = await bessd(...args);
    assert.is(code, 2);
    assert.match(err, expected);
    assert.equal(north.seen, []);
  });
}

test('help shows examples and is no failure', async () => {
  const { code, out } = await bessd('--help');
  assert.is(code, 0);
  assert.match(out, /bessd dispatch --asset bess-1 --w 20000/);
});

test('a site that is not there is a failure, not a usage error', async () => {
  const { code, err } = await bessd('status', '--site', 'ELSEWHERE');
  assert.is(code, 1);
  assert.match(err, /ELSEWHERE.*running: CLI-1/);
});

test('an emergency stop says which way worked and what became of each asset', async () => {
  const { code, out } = await bessd('estop', '--reason', 'smoke');
  assert.is(code, 0);
  assert.match(out, hasBroker ? /over NATS/ : /over socket/);
  assert.match(out, /bess-1 +zero/);
  assert.equal(
    north.seen.map(({ lane, origin }) => [lane, origin]),
    [['estop', hasBroker ? 'nats' : 'socket']],
  );
});

test('an emergency stop takes the socket when the broker does not answer', async () => {
  const { code, out, err } = await bessd('estop', '--nats', 'nats://127.0.0.1:1', '--site', 'CLI-1');
  assert.is(code, 0);
  assert.match(err, /NATS: CONNECT_FAILED/);
  assert.match(out, /over socket/);
});

test('an asset that is not confirmed makes the emergency stop fail, and is named', async () => {
  north.setControl(() => ({
    ok: true,
    data: { written: [], zero: [], unconfirmed: ['bess-1'], refused: [], latched: 'memory' },
  }));
  const { code, out } = await bessd('estop');
  assert.is(code, 1);
  assert.match(out, /in memory only/);
  assert.match(out, /bess-1 +UNCONFIRMED/);
});

test('a stop that nobody carries out points to the hard-wired one', async () => {
  north.setControl(() => refusal('NOT_READY'));
  const { code, err } = await bessd('estop');
  assert.is(code, 1);
  assert.match(err, /NOT STOPPED.*hard-wired/);
});

test('the token comes from the environment and reaches control as a hash only', async () => {
  north.setControl(() => ({ ok: true, data: { state: 'reset_requested', expires_at: 'soon' } }));
  const { code, out } = await bessdWith(
    { BESSD_TOKEN: 'secret' },
    'reset-estop',
    '--cause',
    'fan',
    '--confirmed-safe',
    '--issuer',
    'ana',
  );
  assert.is(code, 0);
  assert.match(out, /second operator/);
  const tokenSha256 = createHash('sha256').update('secret').digest('hex');
  assert.equal(north.seen[0]?.command, {
    name: 'reset_estop',
    body: { issuer: 'ana', cause: 'fan', confirmed_safe: true, tokenSha256 },
  });
});

test('stop, trip reset and maintenance reach control in their form', async () => {
  await bessd('stop', '--issuer', 'ana');
  await bessd('reset-trip', '--asset', 'bess-1', '--cause', 'c', '--issuer', 'ana');
  await bessd(
    'maintenance',
    '--asset',
    'bess-1',
    '--off',
    '--tag',
    'T1',
    '--reason',
    'done',
    '--issuer',
    'ana',
    '--token',
    'x',
  );
  assert.equal(
    north.seen.map(({ command }) => command.name),
    ['stop', 'reset_trip', 'maintenance'],
  );
});

test('alarms are listed, the gravest first', async () => {
  const alarm = { ts: 't', asset_id: null, state: 'active', message: 'm' } as const;
  const alarms = [
    { ...alarm, alarm_id: 'small', severity: 'P4' as const },
    { ...alarm, alarm_id: 'grave', severity: 'P1' as const },
  ];
  north.setControl(() => ({ ok: true, data: { ...STATUS, alarms } }));
  const { code, out } = await bessd('alarms');
  assert.is(code, 0);
  assert.ok(out.indexOf('grave') < out.indexOf('small'));
});

if (hasBroker) {
  test('a site is reached over NATS where the broker is given', async () => {
    const { code, out } = await bessd('status', '--nats', north.natsUrl ?? '', '--site', 'CLI-1');
    assert.is(code, 0);
    assert.match(out, /bess-1/);
    assert.is(north.seen[0]?.origin, 'nats');
    const wrong = await bessd('status', '--nats', north.natsUrl ?? '', '--site', 'OTHER');
    assert.equal([wrong.code, /OTHER running there/.test(wrong.err)], [1, true]);
  });
}

test('the doctor finds the running site, and a bad site file is exit 2 with path, value and expectation', async () => {
  const good = await bessd('doctor', '--json', '--http-port', new URL(north.http).port);
  assert.is(good.code, 0);
  const findings = (JSON.parse(good.out) as { data: { check: string; message: string }[] }).data;
  assert.match(findings.find(({ check }) => check === 'running site')?.message ?? '', /CLI-1/);
  assert.match(findings.find(({ check }) => check === 'HTTP port')?.message ?? '', /held by the running site CLI-1/);
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'bessd-cli-')), 'site.yaml');
  writeFileSync(file, 'site: { id: "a b" }\nassets: []\n');
  const bad = await bessd('doctor', '--config', file);
  assert.is(bad.code, 2);
  assert.match(bad.out, /site\.id: got "a b", expected/);
  writeFileSync(file, 'site: [');
  assert.is((await bessd('doctor', '--config', file)).code, 2);
  assert.is((await bessd('doctor', '--data', path.join(file, 'data'))).code, 1);
});

test.run();

function bessd(...args: readonly string[]): Promise<Run> {
  return bessdWith({}, ...args);
}

/** Its own temporary folder, so that other sites of this machine are not seen. */
function bessdWith(more: Record<string, string>, ...args: readonly string[]): Promise<Run> {
  const env = { PATH: process.env['PATH'], RUNTIME_DIRECTORY: folder, TMPDIR: folder, ...more };
  const script = path.join(import.meta.dirname, '../../scripts/bessd.ts');
  const child = spawn(process.execPath, [script, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}
