/**
 * The E-stop in the model of a site: pressed at any moment, also while its actor has fallen; reset by operators; restarted with
 * what is kept beside the tree (actors/estop, site.ts).
 */
import { disarmed, engaged, untripped } from '../machines/site/latch-record.ts';
import { PRESSED } from './compose-driver.ts';
import { ASSET, unwatch } from './driver-model.ts';
import type { Setting } from './driver-model.ts';
import type { Step } from './search.ts';
import { tellAll } from './site-messages.ts';
import type { Site } from './site-messages.ts';

export const TWO_PERSONS = 'no reset without its two operators and a cleared cause';
const PEOPLE = ['ana', 'ben'] as const;

type Latching = {
  readonly operators: 'two and one who may not' | 'one step';
  /** A press waits for its answer, during which its actor may fall. */
  readonly answers: boolean;
};

export function estopSteps(state: Site, { operators, answers }: Latching, setting: Setting): readonly Step<Site>[] {
  const { parts } = setting;
  const { estop, record, disk } = state;
  const steps: Step<Site>[] = [];
  if (state.disk !== record && parts.habits.keepsLatch)
    steps.push({ label: 'the latch file is on the disk', state: { ...state, disk: record, kept: isKept(state) } });
  if (!estop) {
    const asked: Site = { ...state, waiting: true, pressed: true, kept: false };
    if (!state.waiting) steps.push({ label: 'the E-stop is pressed while its actor is away', state: asked });
    return state.driver ? steps : [...steps, began(state)];
  }
  steps.push(press(state, 'the E-stop is pressed'));
  if (state.waiting) steps.push({ label: 'who pressed is answered', state: { ...state, waiting: false } });
  if (record.estop && operators === 'one step') steps.push(resetAtOnce(state));
  else if (record.estop) {
    for (const by of PEOPLE) steps.push(reset(state, by));
    const byEve = parts.estop.reduce(estop, { type: 'RESET', by: 'eve', permitted: false }).state;
    const opened = byEve.leaf !== estop.leaf;
    steps.push({
      label: 'eve, who may not, resets',
      state: { ...state, estop: byEve },
      breaks: opened ? TWO_PERSONS : undefined,
    });
  }
  for (const timer of parts.estop.leaves[estop.leaf]?.timers ?? [])
    steps.push({
      label: isEngaging(estop) ? 'the stop is carried out, or takes too long' : 'the request to reset lapses',
      state: {
        ...state,
        estop: parts.estop.reduce(estop, { type: timer as `xstate.${string}` }).state,
        asked: undefined,
      },
    });
  if (record.trips[ASSET] && state.battery !== 'hot')
    steps.push({
      label: 'the trip is reset',
      state: tellAll({ ...state, record: untripped(record, ASSET) }, setting),
    });
  if (answers) {
    const remembered = parts.habits.remembersLatch ? record : disk;
    // The next one begins when the driver is gone.
    const driver = state.driver && unwatch(state.driver, parts);
    const fallen: Site = { ...state, ...NOBODY, estop: undefined, record: remembered, driver };
    steps.push({
      label: 'the E-stop actor falls, guard and dispatcher with it; the driver takes leave',
      state: fallen,
    });
  }
  return steps;

  function press(before: Site, label: string): Step<Site> {
    if (!before.estop) throw new Error('pressed where nobody is');
    const next = parts.estop.reduce(before.estop, { type: 'ENGAGE' }).state;
    const record = engaged(before.record, next.context.epoch, PRESSED);
    const pressed: Site = { ...before, estop: next, record, pressed: true, kept: false, asked: undefined };
    const after = tellAll({ ...pressed, waiting: answers }, setting);
    return { label, state: after, breaks: notStopped(after) };
  }

  /** The next E-stop actor: with what the one before knew, and for whoever it has not answered. */
  function began(before: Site): Step<Site> {
    const { epoch, estop: latched } = before.record;
    const machine = parts.estop.start({ epoch, latched: latched !== null, mode: 'two_person' }).state;
    const next: Site = { ...before, estop: machine };
    const label = 'the E-stop actor starts';
    return before.waiting && parts.habits.engagesForWaiting ? press(next, label) : { label, state: next };
  }

  /** Both operators, one after the other, with nothing in between. */
  function resetAtOnce(before: Site): Step<Site> {
    const { state: between, breaks } = reset(before, 'ana');
    return breaks === undefined ? reset(between, 'ben') : { label: 'ana resets', state: between, breaks };
  }

  function isEngaging({ leaf }: NonNullable<Site['estop']>): boolean {
    return parts.estop.leaves[leaf]?.name === 'engaging';
  }

  function notStopped({ estop: machine, record, driver }: Site): string | undefined {
    const latched = record.estop !== null && machine && isEngaging(machine);
    const told = !driver || driver.op.context.estopped;
    if (!latched || !told) return 'E-stop reachable from every state in one event';
    const own = !driver?.told || !driver.memory.answered;
    return own ? undefined : 'an E-stop pressed again is answered by its own write';
  }

  function reset(before: Site, by: (typeof PEOPLE)[number]): Step<Site> {
    const { estop: machine, record, driver, registers, asked } = before;
    if (!machine) throw new Error('reset where nobody is');
    const stands = !driver?.linked || setting.plant.moves(registers) !== undefined;
    if ((stands && parts.habits.asksForCause) || isEngaging(machine))
      return { label: `${by} resets and is refused: a cause stands`, state: before };
    const next = parts.estop.reduce(machine, { type: 'RESET', by, permitted: true }).state;
    const label = `${by} resets`;
    if (parts.estop.leaves[next.leaf]?.name !== 'armed')
      return { label, state: { ...before, estop: next, asked: asked ?? by } };
    const breaks = asked === undefined || asked === by || stands ? TWO_PERSONS : undefined;
    const armed: Site = {
      ...before,
      estop: next,
      record: disarmed(record, next.context.epoch),
      pressed: false,
      kept: false,
      asked: undefined,
    };
    return { label: `${label}: armed`, state: tellAll(armed, setting), breaks };
  }
}

/** A press that nobody has taken yet is not in the record that is on the disk. */
export function isKept({ pressed, record }: Site): boolean {
  return !pressed || record.estop !== null;
}

/** What falls with the E-stop, which stands first. */
export const NOBODY = { driver: undefined, guard: undefined, dispatcher: undefined, asked: undefined } as const;
