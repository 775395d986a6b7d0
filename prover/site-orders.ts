/**
 * Site orders in the model of a site: the dispatcher gives a share, a share that fails elsewhere is offered again, and who gave
 * the order is answered by its first write. The other assets of the site take and fail as they like.
 */
import type { OrderPhase } from '../contracts/messages.ts';
import { isCarriedOut } from '../machines/device/order-answer.ts';
import { samePosture } from '../machines/device/posture.ts';
import { beginOrder } from '../machines/site/in-force.ts';
import { ASSET, NOW, operationOf, situationOf } from './driver-model.ts';
import type { Setting } from './driver-model.ts';
import type { Step } from './search.ts';
import { say } from './site-messages.ts';
import type { Site } from './site-messages.ts';
import { order as orderOf } from './subjects.ts';

const ORDER = orderOf(1000, 'o');
const OTHER = 'b';

export const REVIVED = 'no order is revived after a restart, a trip, an E-stop or a failed share';
export const DISOWNED = 'an order that nobody answered for moves no power once the next dispatcher stands';

/** What dispatcher and driver do about site orders. */
export function orderSteps(state: Site, setting: Setting): readonly Step<Site>[] {
  const { dispatcher } = state;
  const steps: Step<Site>[] = [...tellings(state, setting)];
  if (!dispatcher?.latch || dispatcher.latch.estop) return steps;
  const { epoch } = dispatcher.latch;
  const force = beginOrder({ ...ORDER, epoch }, ORDER.w);
  const begun: Site = { ...state, dispatcher: { ...dispatcher, force, old: false } };
  steps.push({ label: 'a site order comes', state: isReady(state, setting) ? give(begun, false, setting) : begun });
  if (!dispatcher.force) return steps;
  const failed: OrderPhase = { type: 'ORDER_PHASE', assetId: OTHER, id: ORDER.id, phase: 'failed' };
  const after = setting.parts.hearOfShare(dispatcher.force, failed);
  const offered: Site = { ...state, dispatcher: { ...dispatcher, force: after && { ...after, solveAgain: false } } };
  const takes = after?.solveAgain === true && !after.left.has(ASSET) && isReady(state, setting);
  steps.push({
    label: 'a share of another asset fails and is offered again',
    state: takes ? give(offered, true, setting) : offered,
    breaks: takes && dispatcher.old ? REVIVED : undefined,
  });
  return steps;
}

function give(state: Site, again: boolean, setting: Setting): Site {
  const given = say(state, { to: 'driver', type: 'order', epoch: epochOf(state), again }, setting);
  return given.driver?.op.context.order ? given : hear(given, 'refused', setting);
}

function epochOf({ dispatcher }: Site): number {
  return dispatcher?.force?.order.epoch ?? 0;
}

/** As the board and the latch show the asset to the dispatcher. */
function isReady({ driver, dispatcher }: Site, { parts }: Setting): boolean {
  if (!driver?.linked || !driver.seen || dispatcher?.latch?.trips[ASSET]) return false;
  return parts.operation.leaves[driver.op.leaf]?.tags.has('acceptsOrders') === true;
}

/** The first write of the order is told, and heard where there is a dispatcher. */
function tellings(state: Site, setting: Setting): readonly Step<Site>[] {
  const { driver, dispatcher, registers } = state;
  const order = driver?.op.context.order;
  if (!driver?.linked || !driver.seen || !order || driver.pending || driver.said !== 'nothing') return [];
  if (operationOf(driver, setting.parts) === 'stopping') return [];
  const situation = situationOf(driver, registers, setting);
  const there = samePosture(driver.helm.posture, setting.parts.wantedPosture(situation));
  if (!there || !isCarriedOut(situation, order, false)) return [];
  const said = dispatcher ? 'heard' : 'unheard';
  return [{ label: `the order is told to be written, ${said}`, state: { ...state, driver: { ...driver, said } } }];
}

/** What the end of an order makes of its share, if it came to an end between two states. */
export function heardOfEnd(before: Site, after: Site, setting: Setting): Site {
  const order = before.driver?.op.context.order;
  if (!order || !after.driver || after.driver.op.context.order) return after;
  return hear(after, order.expiresAtMs > NOW ? 'failed' : 'expired', setting);
}

function hear(state: Site, phase: OrderPhase['phase'], { parts }: Setting): Site {
  const { dispatcher } = state;
  if (!dispatcher?.force) return state;
  const force = parts.hearOfShare(dispatcher.force, { type: 'ORDER_PHASE', assetId: ASSET, id: ORDER.id, phase });
  return { ...state, dispatcher: { ...dispatcher, force: force && { ...force, solveAgain: false }, old: true } };
}

/** As `DRIVER_STARTED` at the dispatcher actor. */
export function driverBegan(state: Site, { parts }: Setting): Site {
  const { dispatcher } = state;
  if (!dispatcher?.force) return state;
  const force = parts.habits.tellsStart ? parts.leaveOrder(dispatcher.force, ASSET) : dispatcher.force;
  return { ...state, dispatcher: { ...dispatcher, force, old: true } };
}

/** As `DISPATCHER_STARTED` at the driver actor. */
export function dispatcherBegan(state: Site, setting: Setting): Site {
  const { dispatcherTellsStart } = setting.parts.habits;
  return dispatcherTellsStart ? say(state, { to: 'driver', type: 'dispatcher started' }, setting) : state;
}

/** The dispatcher falls: who gave the order is told no, unless its first write was told before. */
export function dispatcherFell(state: Site): Site {
  const { driver } = state;
  if (!driver?.op.context.order || driver.said === 'heard') return state;
  return { ...state, driver: { ...driver, memory: { ...driver.memory, disowned: true } } };
}

/** As long as the driver can still get a share, and only where it would be an old one. */
export function keyOfForce({ dispatcher }: Site, rank: (epoch: number) => string): string {
  const { force, old = false } = dispatcher ?? {};
  if (!force || force.left.has(ASSET)) return '';
  return `${rank(force.order.epoch)}${old ? 'old' : 'new'}`;
}
