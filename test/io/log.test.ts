/** The log: one table of lines, and no secret in any of them. */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { LOG_EVENTS } from '../../contracts/log-events.ts';
import { redacted } from '../../io/log.ts';
import { oldRecord } from '../../io/old-record.ts';
import { ROOT, withFiles } from '../house/support.ts';

const SECRET = 'hunter2-S3CRET';

const TEXTS_WITH_A_SECRET: readonly (readonly [text: string, readable: string])[] = [
  [`no connection to nats://ana:${SECRET}@10.0.0.1:4222: refused`, 'nats://…@10.0.0.1:4222'],
  [`mqtts://user:p@ss${SECRET}@broker.example/x`, 'mqtts://…@broker.example/x'],
  [`nats://${SECRET}@10.0.0.1`, 'nats://…@10.0.0.1'],
  [`{"token":"${SECRET}","asset_id":"bess-1"}`, '"asset_id":"bess-1"'],
  [`password=${SECRET}; port=5`, 'port=5'],
  [`x-api-key: ${SECRET}`, 'x-api-key: …'],
  [`Authorization: Bearer ${SECRET}`, 'Authorization: …'],
  [`got Bearer ${SECRET}.a.b of the client`, 'of the client'],
  [`-----BEGIN RSA PRIVATE KEY-----\n${SECRET}\n-----END RSA PRIVATE KEY----- in key.pem`, 'in key.pem'],
  [`-----BEGIN PRIVATE KEY-----\n${SECRET}`, '-----BEGIN PRIVATE KEY-----'],
];

for (const [text, readable] of TEXTS_WITH_A_SECRET) {
  test(`the secret in "${text.replaceAll('\n', ' ').replaceAll(SECRET, '***')}" does not reach the log`, () => {
    const shown = redacted(text);
    assert.not.match(shown, SECRET);
    assert.ok(shown.includes(readable), shown);
  });
}

test('a message without a secret stays as it is', () => {
  for (const text of ['no connection to nats://10.0.0.1:4222: refused', 'mail@example.org at http://a/b?c=d@e', ''])
    assert.is(redacted(text), text);
});

test('a line has its event, its fields and its sentence, and the level of its event', () => {
  const log = `import { openLog } from '${path.join(ROOT, 'io/log.ts')}';
    openLog('north', 'SITE-1', 'info')('bus_unreachable', { url: 'nats://u:${SECRET}@h', why: 'refused' });
    openLog('north', 'SITE-1', 'error')('bus_unreachable', { url: 'x', why: 'below the level' });`;
  const { stderr, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', log], { encoding: 'utf8' });
  assert.is(stdout, '');
  const lines = stderr.trim().split('\n');
  assert.is(lines.length, 1, stderr);
  const { time, pid, hostname, ...line } = JSON.parse(lines[0] ?? '');
  assert.equal(line, {
    level: 40,
    site_id: 'SITE-1',
    part: 'north',
    event: 'bus_unreachable',
    url: 'nats://…@h',
    why: 'refused',
    msg: LOG_EVENTS.bus_unreachable.says,
  });
  assert.match(time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.equal([pid, hostname], [undefined, undefined]);
});

test('an event or a field that is not in the table does not compile', () => {
  const table = readFileSync(path.join(ROOT, 'contracts/log-events.ts'), 'utf8');
  const use = `import type { Log } from './log-events.ts';
    export function lines(log: Log): void {
      log('uplink_caught_up', { uplink: 'a' });
      log('nobody_knows_this', {});
      log('uplink_caught_up', { uplink: 'a', more: 1 });
      log('uplink_offline', { uplink: 'a' });
      log('old_record_found', { file: 'a', bytes: '1' });
    }`;
  const options = [
    '--noEmit',
    '--strict',
    '--allowImportingTsExtensions',
    '--module',
    'nodenext',
    '--target',
    'esnext',
  ];
  const said = withFiles({ 'package.json': '{ "type": "module" }', 'log-events.ts': table, 'use.ts': use }, (root) => {
    const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
    return spawnSync(process.execPath, [tsc, ...options, 'use.ts'], { cwd: root, encoding: 'utf8' }).stdout;
  });
  assert.equal(
    [...said.matchAll(/^use\.ts\((\d+),/gm)].map(([, line]) => line),
    ['4', '5', '6', '7'],
    said,
  );
});

test('the record of an earlier version is found and told, and a folder that cannot be looked into hinders nothing', () => {
  withFiles({ 'record.db': 'old', 'later/record/x': '' }, (root) => {
    assert.equal(oldRecord(root), { file: path.join(root, 'record.db'), bytes: 3 });
    assert.is(oldRecord(path.join(root, 'later')), undefined);
    assert.is(oldRecord(path.join(root, 'record.db')), undefined);
    assert.is(oldRecord(`${root}/${'x'.repeat(300)}`), undefined, 'a name too long for the file system');
  });
});

test('no field of the table has a name that a line has anyway, or that promises a secret', () => {
  for (const [event, { fields }] of Object.entries(LOG_EVENTS))
    for (const field of Object.keys(fields)) {
      assert.not.ok(['level', 'time', 'site_id', 'part', 'event', 'msg'].includes(field), `${event}.${field}`);
      assert.not.match(field, /token|password|secret|key/i, event);
    }
});

test('nothing of a running site writes to stderr but the log', () => {
  const files = [
    'main.ts',
    'site*.ts',
    'entry/*.ts',
    'io/*.ts',
    'actors/**/*.ts',
    'supervisor/*.ts',
    'scripts/cli/run.ts',
  ];
  const found = globSync(files, { cwd: ROOT }).filter((file) => {
    const source = readFileSync(path.join(ROOT, file), 'utf8');
    return /stderr\.write|console\.\w+\(|from 'pino'/.test(source) && file !== 'io/log.ts';
  });
  assert.equal(found, []);
});

test('every event of the table is logged somewhere', () => {
  const sources = globSync(['*.ts', 'entry/*.ts', 'io/*.ts', 'actors/**/*.ts', 'scripts/cli/run.ts'], { cwd: ROOT })
    .map((file) => readFileSync(path.join(ROOT, file), 'utf8'))
    .join('\n');
  assert.equal(
    Object.keys(LOG_EVENTS).filter((event) => !sources.includes(`'${event}'`)),
    [],
  );
});

test.run();
