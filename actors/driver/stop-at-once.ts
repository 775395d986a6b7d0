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
import type { BlockRead } from '../../machines/device/read-plan.ts';
import { sampleBlock } from '../../machines/device/telemetry.ts';
import type { Samples } from '../../machines/device/telemetry.ts';
import { boundOf, permitSeen } from './cockpit.ts';
import type { Cockpit } from './cockpit.ts';
import { noteOriginals } from './originals.ts';
import { checkSerial } from './serial-proof.ts';
import { orderOf, situationOf } from './situation.ts';
import { courseOf, mustEnd, pass } from './writing.ts';

/** Begins the write, and says when it is done; undefined where `words` close nothing that was open. */
export function stopAtOnce(
  cockpit: Cockpit,
  port: DevicePort,
  { block, words, receivedAtMs }: { block: BlockRead; words: readonly number[]; receivedAtMs: number },
): Promise<boolean> | undefined {
  const { permit, frame, input } = cockpit;
  if (!permit || !frame || frame.receivedAtMs < cockpit.firstPollAtMs) return undefined;
  const { samples, closed } = lookAt(cockpit, { block, words, receivedAtMs });
  const open = permitSeen(cockpit) ?? permit;
  const left = withoutClosed(open, closed);
  if (left.maxChargeW === open.maxChargeW && left.maxDischargeW === open.maxDischargeW) return undefined;
  checkSerial(cockpit, samples);
  Object.assign(cockpit.samples, samples);
  noteOriginals(cockpit);
  cockpit.closed = { permit, left, order: orderOf(cockpit) };
  // Where the device wants a pause before the next request, what is written is chosen after it.
  return input.profile.transport.requestGapMs > 0 ? undefined : stopNext(cockpit, port);
}

/** What of the answer decides about a stop, and the directions that it closes. */
export function lookAt(
  cockpit: Cockpit,
  { block, words, receivedAtMs }: { block: BlockRead; words: readonly number[]; receivedAtMs: number },
): { readonly samples: Samples; readonly closed: Closed } {
  const { staleAfter, profile } = cockpit.input;
  const decisive = decisiveOf(cockpit, block);
  if (decisive.watched.length === 0) return NOTHING_SEEN;
  const samples = sampleBlock(decisive.block, words, receivedAtMs, staleAfter, profile.transport.wordOrder);
  return { samples, closed: closedBy(decisive, samples) };
}

const NOTHING_SEEN = { samples: {}, closed: {} };

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

type Decisive = {
  readonly block: Pick<BlockRead, 'points'>;
  readonly watched: readonly { readonly name: string; readonly lookouts: readonly Lookout[] }[];
};

/** Of each block, which is planned once a connection. */
const DECISIVE = new WeakMap<BlockRead, Decisive>();

function decisiveOf(cockpit: Cockpit, block: BlockRead): Decisive {
  const before = DECISIVE.get(block);
  if (before) return before;
  const { lookouts } = cockpit.input;
  const { identity, control } = boundOf(cockpit).profile;
  const watched = block.points
    .map(({ name, point }) => ({ name, lookouts: lookouts.filter(({ measurand }) => measurand === point.measures) }))
    .filter((one) => one.lookouts.length > 0);
  const wanted = new Set([...watched.map(({ name }) => name), identity.serial, control?.forced?.point]);
  const points = block.points.filter(({ name, point }) => wanted.has(name) || point.writable !== undefined);
  const decisive = { block: { points }, watched };
  DECISIVE.set(block, decisive);
  return decisive;
}

function closedBy({ watched }: Decisive, samples: Samples): Closed {
  let closed: Closed = {};
  for (const { name, lookouts } of watched) {
    const value = samples[name]?.value;
    if (typeof value === 'number') closed = lookOut(closed, lookouts, value);
  }
  return closed;
}
