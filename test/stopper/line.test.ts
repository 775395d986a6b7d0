import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createBoard } from '../../actors/board.ts';
import { createStopperLine } from '../../actors/stopper-line.ts';
import type { StopperLine } from '../../actors/stopper-line.ts';
import type { AlarmReport } from '../../contracts/reports.ts';
import type { StopPlan } from '../../contracts/stopper.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import type { VirtualClock } from '../../supervisor/clock.ts';
import { memoryDisk } from '../scenarios/virtual-site.ts';

function bench(): { line: StopperLine; clock: VirtualClock; alarms: () => readonly AlarmReport[] } {
  const clock = virtualClock();
  const board = createBoard(clock, () => undefined, memoryDisk().open('alarms.json'));
  return { line: createStopperLine(board, clock), clock, alarms: board.alarms };
}

const PLAN = { assetId: 'bess-1' } as StopPlan;

test('a gap is counted while it lasts, and once after it', async () => {
  const { line, clock } = bench();
  line.feed();
  await clock.advance(4400);
  assert.is(line.gaps(), 0);
  await clock.advance(200);
  assert.is(line.gaps(), 1, 'seen by who asks before the guard does');
  line.feed();
  assert.is(line.gaps(), 1);
  line.feed();
  assert.is(line.gaps(), 1);
});

test('plans go out when they change, and again to a new process', () => {
  const { line } = bench();
  let tagged = false;
  line.plans.set('bess-1', () => (tagged ? undefined : PLAN));
  assert.equal(line.feed(), { type: 'FEED', plans: [PLAN] });
  assert.equal(line.feed(), { type: 'FEED' });
  tagged = true;
  assert.equal(line.feed(), { type: 'FEED', plans: [] });
  line.started(() => undefined);
  assert.equal(line.feed(), { type: 'FEED', plans: [] });
});

test('a stopper that ends is an alarm until another one answers; at the end of the runtime it is none', () => {
  const { line, alarms } = bench();
  line.ended('was killed');
  assert.equal(
    alarms().map(({ alarm_id }) => alarm_id),
    ['stopper-down'],
  );
  line.hear({ type: 'READY' });
  assert.equal(alarms(), []);
  line.leave();
  line.ended('ended with code 0');
  assert.equal(alarms(), []);
});

test('one that does not answer for twenty feeds is killed', () => {
  const { line, alarms } = bench();
  let killed = 0;
  line.started(() => (killed += 1));
  for (let count = 0; count < 20; count += 1) line.feed();
  assert.is(killed, 0);
  line.hear({ type: 'FED' });
  for (let count = 0; count < 21; count += 1) line.feed();
  assert.is(killed, 1);
  assert.is(alarms()[0]?.alarm_id, 'stopper-down');
});

test('another runtime of the same site is a P1 alarm', () => {
  const { line, alarms } = bench();
  line.hear({ type: 'SECOND_RUNTIME', active: true });
  assert.equal(
    alarms().map(({ alarm_id, severity }) => [alarm_id, severity]),
    [['second-runtime', 'P1']],
  );
  line.hear({ type: 'SECOND_RUNTIME', active: false });
  assert.equal(alarms(), []);
});

test.run();
