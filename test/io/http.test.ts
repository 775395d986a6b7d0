import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { request } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { CODES, refusal } from '../../contracts/faults.ts';
import type { Code } from '../../contracts/faults.ts';
import { TELEMETRY, answering, startNorth } from './north-harness.ts';

const north = await startNorth({ broker: false });
const ORDER = { id: '1', asset_id: 'bess-1', w: 1000, duration_s: 60, issuer: 'ana' };
const port = new URL(north.http).port;

type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Record<string, unknown>;
};

test.before.each(() => {
  north.setControl(answering);
  north.seen.length = 0;
});
test.after(async () => void (await north.stop()));

test('a healthy site says so, in the form that monitoring expects', async () => {
  north.report({ type: 'TELEMETRY', report: TELEMETRY });
  const { status, body } = await until('/health', ({ body }) => body['status'] === 'healthy');
  assert.is(status, 200);
  assert.equal(
    ['status', 'site_id', 'uptime_s', 'last_cycle_ts', 'safety_status'].map((name) => body[name]),
    ['healthy', 'SITE-1', 12, TELEMETRY.ts, 'armed'],
  );
});

test('metrics are Prometheus text', async () => {
  const { status, headers, text } = await send('GET', '/metrics');
  assert.is(status, 200);
  assert.match(String(headers['content-type']), /^text\/plain/);
  assert.match(text, /bess_soc_percent\{asset_id="bess-1",site_id="SITE-1"\} 55\.5/);
});

test('the status is that of control, with the broker added', async () => {
  const { body } = await send('GET', '/api/v1/status');
  assert.is((body as { data: { broker: { kind: string } } }).data.broker.kind, 'child');
});

test('an order reaches control as it was sent, marked as coming over HTTP', async () => {
  const { status, body } = await send('POST', '/api/v1/dispatch', ORDER);
  assert.is(status, 200);
  assert.is(body['ok'], true);
  assert.equal(north.seen, [{ lane: 'commands', origin: 'http', command: { name: 'dispatch', body: ORDER } }]);
});

test('an emergency stop goes over its own port', async () => {
  const { status } = await send('POST', '/api/v1/estop', { reason: 'smoke', issuer: 'ana' });
  assert.is(status, 200);
  assert.equal(
    north.seen.map(({ lane }) => lane),
    ['estop'],
  );
});

for (const path of ['stop', 'reset-estop', 'reset-trip', 'maintenance', 'accept-firmware']) {
  test(`${path} is there, and refuses what has no form`, async () => {
    const { status, body } = await send('POST', `/api/v1/${path}`, { nonsense: 1 });
    assert.equal([status, body['ok'], body['code']], [400, false, 'BAD_REQUEST']);
    assert.equal(north.seen, []);
  });
}

const STATUS: Partial<Record<Code, number>> = {
  UNKNOWN_ASSET: 404,
  EXPIRED: 422,
  REPLAYED: 409,
  ID_CONFLICT: 409,
  ESTOP_LATCHED: 409,
  TRIPPED: 409,
  NO_PERMIT: 409,
  LIMIT: 422,
  STALE: 503,
  LINK_DOWN: 503,
  READ_ONLY: 403,
  LOCAL: 409,
  MAINTENANCE: 409,
  NOT_AUTHORISED: 403,
  WRITE_BUDGET: 429,
  RATE_LIMITED: 429,
  NOT_READY: 503,
  DEVICE_REFUSED: 502,
  CONTROL_SILENT: 504,
};
for (const [code, expected] of Object.entries(STATUS) as [Code, number][]) {
  test(`an order refused with ${code} (${CODES[code]}) is HTTP ${expected} with the same body`, async () => {
    north.setControl(() => refusal(code, undefined, { asset_id: 'bess-1' }));
    const { status, body } = await send('POST', '/api/v1/dispatch', ORDER);
    assert.is(status, expected);
    assert.equal(body, { ok: false, code, message: CODES[code], details: { asset_id: 'bess-1' } });
  });
}

const FOREIGN: readonly (readonly [string, Record<string, string>])[] = [
  ['a rebound name', { host: `evil.example:${port}` }],
  ['a name that only begins like ours', { host: `127.0.0.1.evil.example:${port}` }],
  ['another port', { host: '127.0.0.1:9' }],
  ['no port', { host: '127.0.0.1' }],
  ['a page of another site', { origin: 'https://evil.example' }],
  ['a page from a file', { origin: 'null' }],
  ['a page of another port of this machine', { origin: 'http://127.0.0.1:9' }],
];
for (const [what, headers] of FOREIGN) {
  test(`a request by way of ${what} is turned away and moves nothing, not even a stop`, async () => {
    for (const [method, path] of [
      ['POST', '/api/v1/estop'],
      ['POST', '/api/v1/dispatch'],
      ['GET', '/api/v1/status'],
      ['GET', '/nowhere'],
    ] as const) {
      const { status, body } = await send(method, path, { reason: 'x', issuer: 'x' }, headers);
      assert.equal([status, body['code']], [403, 'NOT_AUTHORISED']);
    }
    assert.equal(north.seen, []);
  });
}

test('our own page may send', async () => {
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) {
    const { status } = await send('POST', '/api/v1/stop', { issuer: 'ana' }, { host, origin: `http://${host}` });
    assert.is(status, 200);
  }
});

const MALFORMED: readonly (readonly [string, string, Record<string, string>, number])[] = [
  ['broken JSON', '{"id":', {}, 400],
  ['an empty body', '', {}, 400],
  ['a poisoned prototype', '{"__proto__":{"w":1}}', {}, 400],
  ['too large a body', JSON.stringify({ id: 'x'.repeat(70_000) }), {}, 413],
  ['a form', 'w=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
  ['plain text, which needs no permission of a browser', JSON.stringify(ORDER), { 'content-type': 'text/plain' }, 415],
  ['infinite power', '{"id":"1","asset_id":"a","w":1e999,"duration_s":6,"issuer":"a"}', {}, 400],
];
for (const [what, text, headers, expected] of MALFORMED) {
  test(`${what} is refused in the usual form, and control hears nothing`, async () => {
    const { status, body } = await send('POST', '/api/v1/dispatch', text, headers);
    assert.equal([status, body['ok'], body['code']], [expected, false, 'BAD_REQUEST']);
    assert.equal(north.seen, []);
  });
}

test('a path or method that does not exist is 404 in the usual form', async () => {
  for (const [method, path] of [
    ['GET', '/api/v1/dispatch'],
    ['DELETE', '/health'],
    ['GET', '/%2e%2e/etc/passwd'],
  ] as const) {
    const { status, body } = await send(method, path);
    assert.equal([status, body['ok']], [404, false]);
  }
});

test('recorded telemetry names what is wrong with the question', async () => {
  const wrong = [
    '',
    '?asset=bess-1&from=yesterday',
    '?asset=bess-1&limit=0',
    '?asset=bess-1&limit=1e9',
    '?asset=bess-1&from=2&to=1',
    '?asset=bess-1&x=1',
  ];
  for (const query of wrong) assert.is((await send('GET', `/api/v1/telemetry${query}`)).status, 400, query);
  assert.is((await send('GET', '/api/v1/telemetry?asset=nobody')).status, 404);
});

test('without a record, recorded telemetry is unavailable and the rest goes on', async () => {
  const { status, body } = await send('GET', '/api/v1/telemetry?asset=bess-1&from=2026-01-01T00:00:00Z');
  assert.equal([status, body['code']], [503, 'RECORD_UNAVAILABLE']);
});

test('an alarm is listed while it is active', async () => {
  const alarm = {
    ts: TELEMETRY.ts,
    alarm_id: 'hot',
    asset_id: 'bess-1',
    severity: 'P2',
    state: 'active',
    message: 'too hot',
  } as const;
  north.report({ type: 'ALARM', alarm });
  await until('/api/v1/alarms', ({ text }) => text.includes('too hot'));
  assert.is((await send('GET', '/health')).body['status'], 'degraded');
  north.report({ type: 'ALARM', alarm: { ...alarm, state: 'returned' } });
  const { body } = await until(
    '/api/v1/alarms',
    ({ body }) => (body as never as { data: { active: [] } }).data.active.length === 0,
  );
  assert.is((body as never as { data: { recent: [] } }).data.recent.length, 1);
});

test('the interface describes itself', async () => {
  const { status, body } = await send('GET', '/openapi.json');
  assert.is(status, 200);
  const { paths } = body as { paths: Record<string, { post?: { requestBody?: unknown } }> };
  assert.ok(paths['/api/v1/dispatch']?.post?.requestBody);
  for (const path of ['/health', '/metrics', '/api/v1/status', '/api/v1/telemetry', '/api/v1/alarms', '/api/v1/estop'])
    assert.ok(paths[path], path);
  assert.match((await send('GET', '/')).text, /SITE-1/);
});

test('more than sixty-four waiting orders are refused, and an emergency stop among them is not', async () => {
  north.setControl((seen) => (seen.command.name === 'estop' ? answering(seen) : undefined));
  const orders = Array.from({ length: 80 }, (_, at) => send('POST', '/api/v1/dispatch', { ...ORDER, id: String(at) }));
  await Promise.race(orders);
  assert.is((await send('POST', '/api/v1/estop', { reason: 'smoke', issuer: 'ana' })).status, 200);
  const statuses = (await Promise.all(orders)).map(({ status }) => status);
  assert.equal([statuses.filter((one) => one === 429).length, statuses.filter((one) => one === 504).length], [16, 64]);
});

test.run();

function send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? null);
  const withBody = method === 'POST';
  return new Promise((resolve, reject) => {
    const all = { ...(withBody ? { 'content-type': 'application/json' } : {}), ...headers };
    const sent = request({ host: '127.0.0.1', port, method, path, headers: all }, (response) => {
      let received = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
      response.on('end', () => {
        const isJson = String(response.headers['content-type']).includes('json');
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: received,
          body: isJson ? (JSON.parse(received) as Record<string, unknown>) : {},
        });
      });
    });
    sent.on('error', reject);
    sent.end(withBody ? text : undefined);
  });
}

async function until(path: string, holds: (answer: Answer) => boolean): Promise<Answer> {
  for (let tries = 0; ; tries += 1) {
    const answer = await send('GET', path);
    if (holds(answer)) return answer;
    if (tries > 100) throw new Error(`${path} still says ${answer.text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
