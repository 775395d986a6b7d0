/**
 * A stop at once: what the answer of a device closes is written before the rest of that answer is decoded and judged.
 *
 * Most of the time from an answer to its stop went into points that cannot change it. So the few that can, and the registers
 * that a stop writes, are decoded first. The directions that they close are taken out of the permit until the guard gives the
 * next one, and what is to be written is asked as always: same posture, same helm, same door. The whole judgement follows
 * while the stop is on its way.
 */
import type { DevicePort } from '../../contracts/ports.ts';
import { kindOf } from '../../machines/device/helm.ts';
import { withoutOrder } from '../../machines/device/posture.ts';
import { lookOut, withoutClosed } from '../../machines/guard/lookout.ts';
import type { Closed, Lookout } from '../../machines/guard/lookout.ts';
import { decodeAt } from '../../machines/device/codec.ts';
import type { BlockRead } from '../../machines/device/read-plan.ts';
import { sampleBlock } from '../../machines/device/telemetry.ts';
import type { Samples } from '../../machines/device/telemetry.ts';
import { boundOf, permitSeen } from './cockpit.ts';
import type { Cockpit } from './cockpit.ts';
import { noteOriginals } from './originals.ts';
import { checkSerial } from './serial-proof.ts';
import { orderOf, situationOf } from './situation.ts';
import { courseOf, mustEnd, pass } from './writing.ts';

type Answer = {
  readonly block: BlockRead;
  readonly words: readonly number[];
  readonly receivedAtMs: number;
};

/** Begins the write, and says when it is done; undefined where the answer closes nothing that was open. */
export function stopAtOnce(cockpit: Cockpit, port: DevicePort, answer: Answer): Promise<boolean> | undefined {
  const { permit, frame, input } = cockpit;
  if (!permit || !frame || frame.receivedAtMs < cockpit.firstPollAtMs) return undefined;
  const closed = lookAt(cockpit, answer);
  const open = permitSeen(cockpit) ?? permit;
  const left = withoutClosed(open, closed);
  if (left.maxChargeW === open.maxChargeW && left.maxDischargeW === open.maxDischargeW) return undefined;
  const samples = concerned(cockpit, answer);
  checkSerial(cockpit, samples);
  Object.assign(cockpit.samples, samples);
  noteOriginals(cockpit);
  cockpit.closed = { permit, left, order: orderOf(cockpit) };
  // Where the device wants a pause before the next request, what is written is chosen after it.
  return input.profile.transport.requestGapMs > 0 ? undefined : stopNext(cockpit, port);
}

/** The directions that an answer closes. */
export function lookAt(cockpit: Cockpit, { block, words }: Pick<Answer, 'block' | 'words'>): Closed {
  const { wordOrder } = cockpit.input.profile.transport;
  let closed: Closed = {};
  for (const { point, offset, lookouts } of decisiveOf(cockpit, block).watched) {
    const value = decodeAt(point, words, offset, wordOrder);
    if (typeof value === 'number') closed = lookOut(closed, lookouts, value);
  }
  return closed;
}

/** What of the answer a stop depends on: whose it is, and the registers that it writes. */
export function concerned(cockpit: Cockpit, { block, words, receivedAtMs }: Answer): Samples {
  const { staleAfter, profile } = cockpit.input;
  return sampleBlock(decisiveOf(cockpit, block), words, receivedAtMs, staleAfter, profile.transport.wordOrder);
}

/** The safe write that is next once an order that must end has ended. What may raise power waits for the judgement. */
function stopNext(cockpit: Cockpit, port: DevicePort): Promise<boolean> | undefined {
  const now = situationOf(cockpit);
  const { course } = courseOf(cockpit, mustEnd(cockpit, now) ? withoutOrder(now) : now);
  if (course.go !== 'write' || kindOf(course.passage.sequence) !== 'safe') return undefined;
  cockpit.helm = course.state;
  const written = pass(cockpit, port, now, course.passage, course.transaction);
  // Heard when the poll has been dealt with; until then nobody else listens.
  written.catch(() => undefined);
  return written;
}

type Decisive = Pick<BlockRead, 'points'> & {
  readonly watched: readonly (BlockRead['points'][number] & { readonly lookouts: readonly Lookout[] })[];
};

/** Of each block, which is planned once a connection. */
const DECISIVE = new WeakMap<BlockRead, Decisive>();

function decisiveOf(cockpit: Cockpit, block: BlockRead): Decisive {
  const before = DECISIVE.get(block);
  if (before) return before;
  const { lookouts } = cockpit.input;
  const { identity, control } = boundOf(cockpit).profile;
  const watched = block.points
    .map((one) => ({ ...one, lookouts: lookouts.filter(({ measurand }) => measurand === one.point.measures) }))
    .filter((one) => one.lookouts.length > 0);
  const points = block.points.filter(
    ({ name, point }) => name === identity.serial || name === control?.forced?.point || point.writable !== undefined,
  );
  const decisive = { points, watched };
  DECISIVE.set(block, decisive);
  return decisive;
}
