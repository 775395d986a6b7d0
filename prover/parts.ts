/**
 * The shipped pieces that the models are built from. A planted defect replaces one of them; nothing else in the models
 * decides anything.
 */
import { compile } from '../machines/compiled/compile.ts';
import type { CompiledMachine } from '../machines/compiled/compile.ts';
import { alarmMachine } from '../machines/alarm/alarm.machine.ts';
import { connectionMachine } from '../machines/device/connection.machine.ts';
import { followLatch } from '../machines/device/follow-latch.ts';
import { notWritten, polled, setAside, startOver, steer, written } from '../machines/device/helm.ts';
import { mayWrite } from '../machines/device/may-write.ts';
import { operationMachine } from '../machines/device/operation.machine.ts';
import { endsUnanswered } from '../machines/device/order-answer.ts';
import { endOfOrder, wantedPosture, withoutOrder } from '../machines/device/posture.ts';
import { believesDisconnect, latchForSecondMeans } from '../machines/device/second-means.ts';
import { guardMachine } from '../machines/guard/guard.machine.ts';
import { judge } from '../machines/guard/guard.ts';
import { withoutClosed } from '../machines/guard/lookout.ts';
import { estopMachine } from '../machines/site/estop.machine.ts';
import { gridMachine } from '../machines/site/grid.machine.ts';
import { hearOfLatch, hearOfShare, leaveOrder } from '../machines/site/in-force.ts';
import { orderMachine } from '../machines/site/order.machine.ts';
import { share } from '../machines/site/sharing.ts';
import { siteModeMachine } from '../machines/site/site-mode.machine.ts';
import { uplinkMachine } from '../machines/uplink/uplink.machine.ts';

/** What the actors do around the pure pieces; each is a line of theirs that a defect may take away. */
export type Habits = {
  /** A driver that starts asks for the latch before it touches the device (actors/driver/driver.actor.ts). */
  readonly asksForLatch: boolean;
  /** Until the E-stop has spoken, a guard takes the site for latched (actors/guard.actor.ts). */
  readonly guardStartsLatched: boolean;
  /** A zero that belongs to the stop before answers nothing (actors/driver). */
  readonly forgetsOldZero: boolean;
  /** An acknowledgement counts only for the passage that it belongs to (actors/driver/writing.ts). */
  readonly heedsTakeover: boolean;
  /** What may raise power waits until the answer has been judged (actors/driver/stop-at-once.ts). */
  readonly awaitsJudgement: boolean;
  /** The latch file is written, and read at start (actors/estop). */
  readonly keepsLatch: boolean;
  /** An E-stop actor that takes the place of another goes on with what that one knew, on the disk or not (actors/estop). */
  readonly remembersLatch: boolean;
  /** And engages for whoever pressed and was not answered, also while nobody was there (actors/estop, site.ts). */
  readonly engagesForWaiting: boolean;
  /** A driver whose E-stop actor has ended moves no power any more (actors/driver). */
  readonly holdsUnwatched: boolean;
  /** A driver that starts tells the dispatcher (DRIVER_STARTED). */
  readonly tellsStart: boolean;
  /** A dispatcher that starts tells the drivers (DISPATCHER_STARTED). */
  readonly dispatcherTellsStart: boolean;
  /** A request to disconnect ends with the stop that it was made under (actors/driver). */
  readonly forgetsRequest: boolean;
  /** A management system is in shadow: nothing is written to it but a stop (site-plan.ts). */
  readonly shadowsBms: boolean;
  /** A reset is refused while a device is unreachable or moves power (actors/estop/latch-commands.ts). */
  readonly asksForCause: boolean;
};

/** Every machine that is shipped. */
export type Charts = {
  readonly operation: CompiledMachine<typeof operationMachine>;
  readonly estop: CompiledMachine<typeof estopMachine>;
  readonly connection: CompiledMachine<typeof connectionMachine>;
  readonly order: CompiledMachine<typeof orderMachine>;
  readonly alarm: CompiledMachine<typeof alarmMachine>;
  readonly siteMode: CompiledMachine<typeof siteModeMachine>;
  readonly guard: CompiledMachine<typeof guardMachine>;
  readonly grid: CompiledMachine<typeof gridMachine>;
  readonly uplink: CompiledMachine<typeof uplinkMachine>;
};

export type Parts = Charts & {
  readonly mayWrite: typeof mayWrite;
  readonly endOfOrder: typeof endOfOrder;
  readonly wantedPosture: typeof wantedPosture;
  readonly withoutOrder: typeof withoutOrder;
  readonly withoutClosed: typeof withoutClosed;
  readonly followLatch: typeof followLatch;
  readonly steer: typeof steer;
  readonly written: typeof written;
  readonly notWritten: typeof notWritten;
  readonly setAside: typeof setAside;
  readonly polled: typeof polled;
  readonly startOver: typeof startOver;
  readonly endsUnanswered: typeof endsUnanswered;
  readonly believesDisconnect: typeof believesDisconnect;
  readonly latchForSecondMeans: typeof latchForSecondMeans;
  readonly leaveOrder: typeof leaveOrder;
  readonly hearOfShare: typeof hearOfShare;
  readonly hearOfLatch: typeof hearOfLatch;
  readonly judge: typeof judge;
  readonly share: typeof share;
  readonly habits: Habits;
};

export const SHIPPED: Parts = {
  operation: compile(operationMachine),
  estop: compile(estopMachine),
  connection: compile(connectionMachine),
  order: compile(orderMachine),
  alarm: compile(alarmMachine),
  siteMode: compile(siteModeMachine),
  guard: compile(guardMachine),
  grid: compile(gridMachine),
  uplink: compile(uplinkMachine),
  mayWrite,
  endOfOrder,
  wantedPosture,
  withoutOrder,
  withoutClosed,
  followLatch,
  steer,
  written,
  notWritten,
  setAside,
  polled,
  startOver,
  endsUnanswered,
  believesDisconnect,
  latchForSecondMeans,
  leaveOrder,
  hearOfShare,
  hearOfLatch,
  judge,
  share,
  habits: {
    asksForLatch: true,
    guardStartsLatched: true,
    forgetsOldZero: true,
    heedsTakeover: true,
    awaitsJudgement: true,
    keepsLatch: true,
    asksForCause: true,
    remembersLatch: true,
    engagesForWaiting: true,
    holdsUnwatched: true,
    tellsStart: true,
    dispatcherTellsStart: true,
    forgetsRequest: true,
    shadowsBms: true,
  },
};
