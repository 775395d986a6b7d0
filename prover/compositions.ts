/**
 * What is proven, by name and size. `small` is for every test run, `full` for a release.
 */
import type { AnyStateMachine } from 'xstate';
import type { CompiledMachine } from '../machines/compiled/compile.ts';
import { aloneOf } from './compose-alone.ts';
import { driverAlone } from './compose-driver.ts';
import type { Reach } from './compose-driver.ts';
import { linkOf, timeouts } from './compose-link.ts';
import { secondMeansOf } from './compose-second-means.ts';
import { siteOf } from './compose-site.ts';
import type { SiteReach } from './compose-site.ts';
import type { Setting } from './driver-model.ts';
import type { Parts } from './parts.ts';
import { LUNA2000, ONE_REGISTER, SWITCHED } from './plant.ts';
import { search } from './search.ts';
import type { Composition, Verdict } from './search.ts';
import { doorTable, guardTable, sharingTable } from './tables.ts';
import { TELLING } from './telling-subjects.ts';

export type Size = 'small' | 'full';
export type Proof = {
  readonly name: string;
  readonly about: string;
  readonly modelled: readonly string[];
  readonly assumed: readonly string[];
  readonly invariants: readonly string[];
  readonly bounds: Readonly<Record<string, number>>;
  readonly run: () => Verdict;
};

const ROOMS = [
  [0, 0],
  [5000, 5000],
] as const;
const PLAIN = { orders: [1000], rooms: ROOMS, latches: [], exceptions: false, local: false, closings: [] } as const;
/** What an answer may close before the guard has judged it. */
const BOTH = { charge: 'HOT_STOP', discharge: 'HOT_STOP' } as const;
const CLOSINGS = [BOTH, { discharge: 'SOC_LOW' }] as const;
const SITE = { batteries: ['free'], operators: 'one step', slowDisk: false } as const satisfies Partial<SiteReach>;

export function proofs(size: Size, parts: Parts): readonly Proof[] {
  const one: Setting = { parts, plant: ONE_REGISTER, idle: 'hold', interval: false };
  const luna: Setting = { parts, plant: LUNA2000, idle: 'hold', interval: false };
  const switched: Setting = { parts, plant: SWITCHED, idle: 'release', interval: false };
  return [
    ...tables(parts),
    searched(linkOf(parts)),
    ...alone(parts),
    searched(secondMeansOf(parts)),
    ...(size === 'small' ? small(one, luna, switched) : full(one, luna, switched)),
  ];
}

function small(one: Setting, luna: Setting, switched: Setting): readonly Proof[] {
  return [
    driver(
      one,
      { ...PLAIN, name: 'driver', latches: ['trip'], orders: [1000, -1000], closings: CLOSINGS },
      'one driver against anything',
    ),
    driver(one, { ...PLAIN, name: 'driver, tagged out and local', latches: ['tag'], local: true }, 'as driver'),
    driver(one, { ...PLAIN, name: 'late messages', epochs: 4 }, LATE),
    driver(
      { ...luna, interval: true },
      { ...PLAIN, name: 'LUNA2000 holds', rooms: [[5000, 5000]], exceptions: true, closings: [BOTH] },
      STEPS,
    ),
    driver(switched, { ...PLAIN, name: 'switched setpoint', exceptions: true }, SWITCH),
    site(
      one,
      { ...SITE, name: 'site, trips', batteries: ['free', 'hot'] },
      'all of control and its crashes, with trips',
    ),
    site(one, { ...SITE, name: 'site, E-stop actor falls', estopFalls: true }, FALLS),
    site(one, { ...SITE, name: 'site, shared orders', orders: 'shared', batteries: ['free', 'hot'] }, SHARED),
  ];
}

function full(one: Setting, luna: Setting, switched: Setting): readonly Proof[] {
  const everything = ['trip', 'fault', 'tag'] as const;
  const rooms = [...ROOMS, [0, 5000], [400, 400]] as const;
  const waiting = { ...one, interval: true };
  return [
    driver(
      waiting,
      { ...PLAIN, name: 'driver', latches: everything, orders: [1000, -1000], rooms, closings: CLOSINGS },
      'one driver against anything',
    ),
    driver(waiting, { ...PLAIN, name: 'driver, local', local: true, exceptions: true }, 'as driver'),
    driver(one, { ...PLAIN, name: 'late messages', epochs: 6 }, LATE),
    driver(
      { ...luna, interval: true },
      { ...PLAIN, name: 'LUNA2000 holds', exceptions: true, latches: ['trip'], closings: CLOSINGS },
      STEPS,
    ),
    driver(
      switched,
      {
        ...PLAIN,
        name: 'switched setpoint',
        orders: [1000, -1000],
        exceptions: true,
        latches: ['trip'],
        closings: CLOSINGS,
      },
      SWITCH,
    ),
    driver(
      { ...luna, idle: 'release' },
      { ...PLAIN, name: 'LUNA2000 releases', rooms: [...ROOMS, [0, 5000]], closings: CLOSINGS },
      STEPS,
    ),
    site(
      one,
      { ...SITE, name: 'site, operators and disk', operators: 'two and one who may not', slowDisk: true },
      OPERATORS,
    ),
    site(
      { ...one, interval: true },
      { ...SITE, name: 'site, trips', batteries: ['free', 'full', 'hot'] },
      'all of control and its crashes, with trips',
    ),
    site(one, { ...SITE, name: 'site, E-stop actor falls', estopFalls: true, slowDisk: true }, FALLS),
    site(switched, { ...SITE, name: 'site, E-stop actor falls, released', estopFalls: true }, FALLS),
    site(one, { ...SITE, name: 'site, shared orders', orders: 'shared', batteries: ['free', 'full', 'hot'] }, SHARED),
  ];
}

const FALLS = 'all of control and its crashes; presses that wait for an answer, also while nobody is there';
const SHARED = 'all of control and its crashes; site orders, shared again and answered by their first write';
const LATE = 'records of the latch, permits and orders are lost, doubled, late and overtaken without bound';
const SWITCH = 'a device that keeps its setpoint while it is off, and refuses any write at any time';
const STEPS = 'every step of every sequence of the shipped profile, interrupted at any point';
const OPERATORS = 'all of control and its crashes, two operators and one who may not, a slow disk';

function driver(setting: Setting, reach: Omit<Reach, 'about'>, about: string): Proof {
  return searched(driverAlone(setting, { ...reach, about }));
}

function site(setting: Setting, reach: Omit<SiteReach, 'about'>, about: string): Proof {
  return searched(siteOf(setting, { ...reach, about }));
}

function searched<State>(model: Composition<State>): Proof {
  return { ...model, run: () => search(model) };
}

function alone(parts: Parts): readonly Proof[] {
  return TELLING.map((subject) => searched(aloneOf(subject, parts[subject.name] as CompiledMachine<AnyStateMachine>)));
}

function tables(parts: Parts): readonly Proof[] {
  const plain = { bounds: {}, assumed: [] };
  return [
    {
      ...plain,
      name: 'door',
      about: 'mayWrite: every class of every input',
      modelled: ['mayWrite as shipped; its rule written out once more (control rules 1)'],
      invariants: ['allowed exactly where control rules 1 allow it'],
      run: () => doorTable(parts),
    },
    {
      ...plain,
      name: 'permits',
      about:
        'the guard: both sides of each threshold of state of charge and temperature, missing, stale, latched, tripped',
      modelled: ['judge as shipped with profiles/limits/lfp.json, one frame after UNJUDGED'],
      invariants: [
        'zero under a latch, a trip, an alarm and missing data; never above the rating; the epoch of the latch',
      ],
      run: () => guardTable(parts),
    },
    {
      ...plain,
      name: 'sharing',
      about: 'two units of every class of room, energy and least power',
      modelled: ['share as shipped'],
      invariants: ['never more than asked, than the room, than the energy; never the other way'],
      run: () => sharingTable(parts),
    },
    {
      ...plain,
      name: 'timeouts',
      about: 'the states of every machine',
      modelled: ['machines as shipped'],
      invariants: ['every transitional state has a timeout'],
      run: () => timeouts(parts),
    },
  ];
}
