/** A request to stop: what it carries on, and that who asks is answered once, and in time. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { estopRequest } from '../../../actors/estop/asked.ts';
import type { Reply } from '../../../contracts/commands.ts';
import type { EstopRequested } from '../../../contracts/messages.ts';
import { virtualClock } from '../../../supervisor/clock.ts';
import type { VirtualClock } from '../../../supervisor/clock.ts';

const test = suite('a request to stop');

const ASKED = { reason: 'smoke', issuer: 'eve', trace: 't' };
const STOPPED: Reply = { ok: true, data: { state: 'latched' } };

/** Asked 500 ms after the clock began. */
function asks(): { readonly clock: VirtualClock; readonly answers: Reply[]; readonly request: EstopRequested } {
  const clock = virtualClock();
  clock.advanceSync(500);
  const answers: Reply[] = [];
  const reply = (answer: Reply): void => void answers.push(answer);
  return { clock, answers, request: estopRequest({ ...ASKED, reply }, ['a', 'b'], clock) };
}

test('it says who asks, why, with which trace and since when', () => {
  const { reply: _reply, ...carried } = asks().request;
  assert.equal(carried, { type: 'ESTOP_REQUESTED', askedAtMs: 500, ...ASKED });
});

test('an answer reaches who asked, and no second one does', () => {
  const { clock, answers, request } = asks();
  assert.equal(answers, []);
  request.reply(STOPPED);
  request.reply({ ok: true, data: 'again' });
  assert.equal(answers, [STOPPED]);
  assert.is(clock.pending(), 0, 'nobody waits any more');
});

test('without an answer who asked is told in time that nothing is confirmed, neither a device nor the disk', () => {
  const { clock, answers, request } = asks();
  clock.advanceSync(2949);
  assert.equal(answers, []);
  clock.advanceSync(1);
  const data = { written: [], zero: [], unconfirmed: ['a', 'b'], refused: [], latched: 'memory' };
  assert.equal(answers, [{ ok: true, data }]);
  request.reply(STOPPED);
  assert.is(answers.length, 1, 'what comes later comes too late');
});

test.run();
