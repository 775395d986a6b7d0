/**
 * The machines that say how things stand: order, alarm, mode of the site, what the guard lets a device do, the grid connection,
 * uplinks. Nothing moves power by them, so each is searched alone, against what it promises.
 */
import type { GridContext, GuardContext } from '../contracts/guard.ts';
import type { OrderLifeContext, OrderLifeEvent, Shares } from '../contracts/order-life.ts';
import type { SiteModeContext, SiteModeEvent } from '../contracts/site-mode.ts';
import { Fault } from '../contracts/faults.ts';
import { alarmMachine } from '../machines/alarm/alarm.machine.ts';
import { guardMachine } from '../machines/guard/guard.machine.ts';
import { gridMachine } from '../machines/site/grid.machine.ts';
import { orderMachine } from '../machines/site/order.machine.ts';
import { siteModeMachine } from '../machines/site/site-mode.machine.ts';
import type { UplinkEvent } from '../machines/uplink/uplink.machine.ts';
import { uplinkMachine } from '../machines/uplink/uplink.machine.ts';
import type { Subject } from './subjects.ts';

const BOTH = [false, true] as const;

const alarm: Subject = {
  name: 'alarm',
  file: 'machines/alarm/alarm.machine.ts',
  machine: alarmMachine,
  inputs: [{ shelvedForMs: 1000 }],
  events: ['RAISE', 'CLEAR', 'ACKNOWLEDGE', 'SHELVE', 'UNSHELVE', 'SUPPRESS', 'UNSUPPRESS', 'TAKE_OUT', 'PUT_BACK'].map(
    (type) => ({ type }),
  ),
  ends: [],
  resting: ['normal', 'unacknowledged', 'acknowledged', 'returned', 'suppressed', 'out_of_service'],
  promises: [
    {
      what: 'an alarm whose cause stands calls for somebody, or was put aside',
      holds: (state, context: { active: boolean }) => !context.active || (state !== 'normal' && state !== 'returned'),
    },
    {
      what: 'an alarm calls for somebody only while its cause stands',
      holds: (state, context: { active: boolean }) =>
        context.active || (state !== 'unacknowledged' && state !== 'acknowledged'),
    },
  ],
};

const siteMode: Subject = {
  name: 'siteMode',
  file: 'machines/site/site-mode.machine.ts',
  machine: siteModeMachine,
  inputs: BOTH.map((heldBack) => ({ heldBack })),
  events: (['STOPPED', 'RELEASED', 'LEFT_ALONE', 'LINKED'] as const).map((type): SiteModeEvent => ({ type })),
  ends: [],
  resting: ['safe', 'commissioning', 'autonomous', 'online'],
  promises: [
    {
      what: 'safe is said while the stop stands, and only then',
      holds: (state, { stopped }: SiteModeContext) => (state === 'safe') === stopped,
    },
    {
      what: 'the gravest that is so is said',
      holds: (state, { stopped, heldBack, alone }: SiteModeContext) =>
        stopped || state === (heldBack ? 'commissioning' : alone ? 'autonomous' : 'online'),
    },
  ],
};

const guard: Subject = {
  name: 'guard',
  file: 'machines/guard/guard.machine.ts',
  machine: guardMachine,
  inputs: [undefined],
  events: BOTH.flatMap((charge) =>
    BOTH.flatMap((discharge) => BOTH.map((latched) => ({ type: 'JUDGED', charge, discharge, latched, lifeMs: 1000 }))),
  ),
  ends: [],
  resting: ['unjudged', 'lapsed'],
  promises: [
    {
      what: 'something is let happen only as the last judgement has it',
      holds: (state, { judged }: GuardContext) =>
        state !== 'judged.open' || (judged.charge && judged.discharge && !judged.latched),
    },
    {
      what: 'one direction is let happen only as the last judgement has it',
      holds: (state, { judged }: GuardContext) =>
        !state.endsWith('_only') ||
        (!judged.latched && judged.charge === (state === 'judged.charge_only') && judged.charge !== judged.discharge),
    },
    {
      what: 'a latch is said as a latch',
      holds: (state, { judged }: GuardContext) =>
        !state.startsWith('judged.') || (state === 'judged.latched') === judged.latched,
    },
    {
      what: 'blocked is said where neither direction is open',
      holds: (state, { judged }: GuardContext) => state !== 'judged.blocked' || (!judged.charge && !judged.discharge),
    },
  ],
};

const grid: Subject = {
  name: 'grid',
  file: 'machines/site/grid.machine.ts',
  machine: gridMachine,
  inputs: [undefined],
  events: BOTH.flatMap((metered) =>
    BOTH.flatMap((lost) => BOTH.map((cutting) => ({ type: 'SEEN', metered, lost, cutting }))),
  ),
  ends: [],
  resting: ['unmetered', 'within', 'cutting', 'meter_lost'],
  promises: [
    {
      what: 'a lost meter is said, whatever else is so',
      holds: (state, { seen }: GridContext) => (state === 'meter_lost') === seen.lost,
    },
    {
      what: 'the grid is within its limits, or cut, only where a meter was seen',
      holds: (state, { seen }: GridContext) =>
        seen.lost || state === (!seen.metered ? 'unmetered' : seen.cutting ? 'cutting' : 'within'),
    },
  ],
};

const uplink: Subject = {
  name: 'uplink',
  file: 'machines/uplink/uplink.machine.ts',
  machine: uplinkMachine,
  inputs: [{ jitter: () => 1, session: undefined }],
  events: (['OPENED', 'BEHIND', 'CAUGHT_UP'] as const).map((type): UplinkEvent => ({ type })),
  ends: [{ how: 'done' }, { how: 'error', error: new Fault('TIMEOUT') }],
  resting: ['linked.online'],
  promises: [
    {
      what: 'what fails is counted until something was delivered',
      holds: (state, { failures }: { failures: number }) => state !== 'offline' || failures > 0,
    },
    {
      what: 'an uplink that has caught up has no failures left',
      holds: (state, { failures }: { failures: number }) => state !== 'linked.online' || failures === 0,
    },
  ],
};

const shares = BOTH.flatMap((open) =>
  BOTH.flatMap((wrote) =>
    BOTH.flatMap((live) =>
      BOTH.flatMap((proven) =>
        (['superseded', 'expired', 'stopped', 'failed'] as const).map((end): Shares => ({
          open,
          wrote,
          live,
          proven,
          end,
        })),
      ),
    ),
  ),
);

/** What carries the order out has written it, and what has proven it carries it out; how it ended counts at its end only. */
const isPossible = ({ open, wrote, live, proven, end }: Shares): boolean =>
  (wrote || !live) && (live || !proven) && (!(live || open) || end === 'expired');
const orderEvents: readonly OrderLifeEvent[] = [
  { type: 'KEPT' },
  { type: 'GIVEN', leftMs: 1000, lifeMs: 2000 },
  { type: 'REFUSED' },
  ...shares.filter(isPossible).map((one): OrderLifeEvent => ({ type: 'HEARD', shares: one })),
];
const ENDS: readonly string[] = ['superseded', 'expired', 'stopped', 'failed'];

const order: Subject = {
  name: 'order',
  file: 'machines/site/order.machine.ts',
  machine: orderMachine,
  inputs: [undefined],
  events: orderEvents,
  ends: [],
  resting: ['refused', ...ENDS],
  promises: [
    {
      what: 'an order is under way only where a share of it was written',
      holds: (state, { shares: { wrote } }: OrderLifeContext) => !state.startsWith('underWay.') || wrote,
    },
    {
      what: 'an order is under way only while a share of it lives',
      holds: (state, { shares: { live } }: OrderLifeContext) => !state.startsWith('underWay.') || live,
    },
    {
      what: 'verified is said where all that carry it out have proven it, and there only',
      holds: (state, { shares: { proven } }: OrderLifeContext) =>
        !state.startsWith('underWay.') || (state === 'underWay.verified') === proven,
    },
    {
      what: 'a refused order has no share that was written',
      holds: (state, { shares: { wrote } }: OrderLifeContext) => state !== 'refused' || !wrote,
    },
    {
      what: 'an order that ended with its last share says how that ended',
      holds: (state, { shares: { live, end } }: OrderLifeContext) => !ENDS.includes(state) || live || state === end,
    },
  ],
};

export const TELLING: readonly Subject[] = [order, alarm, siteMode, guard, grid, uplink];
