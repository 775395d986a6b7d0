import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AlarmReport } from '../../contracts/reports.ts';
import { createAlarmDesk } from '../../actors/alarms/desk.ts';
import type { AlarmDesk } from '../../actors/alarms/desk.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import type { VirtualClock } from '../../supervisor/clock.ts';
import { memoryDisk, TOKENS, virtualSite } from './virtual-site.ts';
import type { MemoryDisk } from './virtual-site.ts';

type Bench = {
  readonly desk: AlarmDesk;
  readonly clock: VirtualClock;
  readonly told: AlarmReport[];
  readonly disk: MemoryDisk;
};

function bench(disk = memoryDisk(), clock = virtualClock()): Bench {
  const told: AlarmReport[] = [];
  const desk = createAlarmDesk(
    clock,
    disk.open('alarms.json'),
    (alarm) => told.push(alarm),
    () => undefined,
  );
  return { desk, clock, told, disk };
}

const states = ({ told }: Bench): readonly (string | undefined)[] => told.map(({ lifecycle }) => lifecycle);
const act = (action: 'ack' | 'shelve' | 'unshelve', more: object = {}) =>
  ({ alarm_id: 'bess-1.link-down', action, issuer: 'ana', ...more }) as const;
const up = ({ desk }: Bench): void => desk.condition('link-down', true, 'P2', 'no link', 'bess-1');
const down = ({ desk }: Bench): void => desk.condition('link-down', false, 'P2', '', 'bess-1');

test('an alarm that comes and goes waits for an acknowledgement, and is normal after it', () => {
  const one = bench();
  up(one);
  up(one);
  down(one);
  assert.equal(one.desk.standing(), []);
  assert.equal(
    one.desk.aside().map(({ lifecycle }) => lifecycle),
    ['returned'],
  );
  assert.is(one.desk.command(act('ack')).ok, true);
  assert.equal(states(one), ['unacknowledged', 'returned', 'normal']);
  assert.equal(one.desk.aside(), []);
});

test('an acknowledged alarm stands until its cause goes, and says who acknowledged it', () => {
  const one = bench();
  up(one);
  one.desk.command(act('ack'));
  assert.equal(
    one.desk.standing().map(({ lifecycle, acknowledged_by: by }) => [lifecycle, by]),
    [['acknowledged', 'ana']],
  );
  down(one);
  assert.equal(states(one), ['unacknowledged', 'acknowledged', 'normal']);
});

test('a shelved alarm is not shown until its time is over, and then calls again if its cause stands', async () => {
  const one = bench();
  up(one);
  assert.is(one.desk.command(act('shelve', { duration_minutes: 30, reason: 'works' })).ok, true);
  assert.equal(one.desk.standing(), []);
  assert.is(one.desk.aside()[0]?.shelved?.reason, 'works');
  await one.clock.advance(29 * 60_000);
  down(one);
  up(one);
  assert.equal(one.desk.standing(), []);
  await one.clock.advance(2 * 60_000);
  assert.equal(
    one.desk.standing().map(({ lifecycle }) => lifecycle),
    ['unacknowledged'],
  );
});

test('a P1 is not shelved, a P2 for eight hours at most', () => {
  const one = bench();
  one.desk.condition('battery-hot', true, 'P1', 'hot', 'bess-1');
  const hot = {
    alarm_id: 'bess-1.battery-hot',
    action: 'shelve',
    duration_minutes: 5,
    reason: 'x',
    issuer: 'ana',
  } as const;
  assert.is((one.desk.command(hot) as { code: string }).code, 'NOT_SHELVABLE');
  up(one);
  assert.is(
    (one.desk.command(act('shelve', { duration_minutes: 481, reason: 'x' })) as { code: string }).code,
    'BAD_REQUEST',
  );
  assert.is(one.desk.standing().length, 2);
});

test('an alarm that nobody raised cannot be acted on, and what changes nothing is refused', () => {
  const one = bench();
  assert.is((one.desk.command(act('ack')) as { code: string }).code, 'UNKNOWN_ALARM');
  up(one);
  one.desk.command(act('ack'));
  assert.is((one.desk.command(act('ack')) as { code: string }).code, 'BAD_REQUEST');
  assert.is((one.desk.command(act('unshelve')) as { code: string }).code, 'BAD_REQUEST');
});

test('an alarm that chatters stays until it was quiet for a minute', async () => {
  const one = bench();
  for (let round = 0; round < 20; round += 1) {
    up(one);
    down(one);
    await one.clock.advance(1000);
  }
  assert.ok(one.told.length <= 6, `${one.told.length} reports of 40 changes`);
  assert.is(one.desk.standing().length, 1);
  await one.clock.advance(61_000);
  assert.equal(one.desk.standing(), []);
});

test('after a restart what was acknowledged and shelved is so again, and nothing else is', async () => {
  const one = bench();
  up(one);
  one.desk.command(act('ack'));
  one.desk.condition('meter-lost', true, 'P2', 'lost');
  one.desk.command({
    alarm_id: 'meter-lost',
    action: 'shelve',
    duration_minutes: 60,
    reason: 'exchange',
    issuer: 'ben',
  });
  one.desk.condition('broker-down', true, 'P3', 'down');
  await one.clock.advance(0);

  const next = bench(one.disk, one.clock);
  next.desk.condition('broker-down', true, 'P3', 'down');
  up(next);
  await next.clock.advance(10);
  next.desk.condition('meter-lost', true, 'P2', 'lost');
  assert.equal(
    next.desk.standing().map(({ alarm_id, lifecycle }) => [alarm_id, lifecycle]),
    [
      ['broker-down', 'unacknowledged'],
      ['bess-1.link-down', 'acknowledged'],
    ],
  );
  assert.equal(
    next.desk.aside().map(({ alarm_id, shelved }) => [alarm_id, shelved?.by]),
    [['meter-lost', 'ben']],
  );
  await next.clock.advance(61 * 60_000);
  assert.ok(
    next.desk.standing().some(({ alarm_id }) => alarm_id === 'meter-lost'),
    'its time goes on over the restart',
  );
});

test('what was acknowledged long ago does not acknowledge a new alarm after a restart', async () => {
  const one = bench();
  up(one);
  one.desk.command(act('ack'));
  await one.clock.advance(0);
  const next = bench(one.disk, one.clock);
  await next.clock.advance(61_000);
  up(next);
  assert.equal(
    next.desk.standing().map(({ lifecycle }) => lifecycle),
    ['unacknowledged'],
  );
});

test('a damaged file forgets what people did, and every alarm calls again', async () => {
  const disk = memoryDisk();
  disk.files.set('alarms.json', '{"version":1,"acknowl');
  const one = bench(disk);
  await one.clock.advance(0);
  up(one);
  assert.is(one.desk.standing().length, 1);
});

test('a disk that does not take it is an alarm, and the acknowledgement holds', async () => {
  const one = bench();
  one.disk.writable = false;
  up(one);
  assert.is(one.desk.command(act('ack')).ok, true);
  await one.clock.advance(0);
  assert.ok(one.desk.standing().some(({ alarm_id, severity }) => alarm_id === 'alarms-unsaved' && severity === 'P4'));
});

test('one that another says already is silent until that one has gone', () => {
  const one = bench();
  one.desk.condition('broker-down', true, 'P3', 'down');
  one.desk.condition('estop-bus-down', true, 'P3', 'down');
  assert.equal(
    one.desk.standing().map(({ alarm_id }) => alarm_id),
    ['broker-down'],
  );
  one.desk.condition('broker-down', false, 'P3', '');
  assert.equal(
    one.desk.standing().map(({ alarm_id }) => alarm_id),
    ['estop-bus-down'],
  );
});

test('the alarms of an asset that is tagged out are out of service, and come back with it', async () => {
  const site = await virtualSite({ assets: 2 });
  await site.ask(
    {
      name: 'maintenance',
      body: { asset_id: 'bess-1', on: true, tag: 'T', reason: 'test', issuer: 'ana', tokenSha256: TOKENS.ana },
    },
    'nats',
  );
  site.network.detach('127.0.0.1', 5020);
  await site.run(20_000);
  assert.equal(
    site.site.status().alarms.filter(({ asset_id }) => asset_id === 'bess-1'),
    [],
  );
  assert.equal(
    site.site.status().alarms_aside?.map(({ alarm_id, lifecycle }) => [alarm_id, lifecycle]),
    [['bess-1.link-down', 'out_of_service']],
  );
  await site.ask({
    name: 'maintenance',
    body: { asset_id: 'bess-1', on: false, tag: 'T', reason: 'test', issuer: 'ana', tokenSha256: TOKENS.ana },
  });
  assert.equal(
    site.site.status().alarms.map(({ alarm_id }) => alarm_id),
    ['bess-1.link-down'],
  );
});

test('a command acknowledges an alarm of a running site and leaves an event', async () => {
  const site = await virtualSite();
  site.network.detach('127.0.0.1', 5020);
  await site.run(20_000);
  const reply = await site.ask({ name: 'alarm', body: { alarm_id: 'bess-1.link-down', action: 'ack', issuer: 'ana' } });
  assert.is(reply.ok, true);
  const event = site.events('transition').find(({ machine }) => machine === 'alarm');
  assert.equal([event?.['from'], event?.['to'], event?.['issuer']], ['unacknowledged', 'acknowledged', 'ana']);
});

test.run();
