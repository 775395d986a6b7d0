/**
 * Who asks for an emergency stop is answered in time: where the actor that answers dies, and the next one waits for drivers
 * that take leave of silent devices, the reply says that nothing is confirmed yet. Events tell the rest.
 *
 * The stop itself stays asked for until an actor has engaged for it; a second answer reaches nobody.
 */
import type { Clock } from '../../contracts/clock.ts';
import type { EstopReply, Reply } from '../../contracts/commands.ts';
import type { EstopRequested } from '../../contracts/messages.ts';

/** After the actor's own answer, with its wait for the disk, and before the 3 s that are promised (control rules 4). */
const AT_THE_LATEST_MS = 2950;

type Asked = Pick<EstopRequested, 'reason' | 'issuer' | 'trace' | 'reply'>;

export function estopRequest(asked: Asked, assetIds: readonly string[], clock: Clock): EstopRequested {
  const reply = answeredInTime(asked.reply, assetIds, clock);
  return { type: 'ESTOP_REQUESTED', askedAtMs: clock.now(), ...asked, reply };
}

function answeredInTime(
  reply: (reply: Reply) => void,
  assetIds: readonly string[],
  clock: Clock,
): (reply: Reply) => void {
  let answered = false;
  const once = (answer: Reply): void => {
    if (answered) return;
    answered = true;
    clock.clearTimeout(timer);
    reply(answer);
  };
  // Whether the latch has reached the disk is not known here, and so not claimed.
  const data: EstopReply = { written: [], zero: [], unconfirmed: [...assetIds], refused: [], latched: 'memory' };
  const timer = clock.setTimeout(() => once({ ok: true, data }), AT_THE_LATEST_MS);
  return once;
}
