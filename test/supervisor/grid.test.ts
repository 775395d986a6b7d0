/**
 * Faults × phases for children in the loop of their supervisor, as processes and as machines.
 *
 * Every cell says what becomes of the child; in every cell at most one incarnation holds its lease at any moment, none
 * does after the end, and no timer is left.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fromPromise, setup } from 'xstate';
import type { AnyActorLogic } from 'xstate';
import { virtualClock } from '../../supervisor/clock.ts';
import { ShutdownExit } from '../../supervisor/exit.ts';
import { fromProcess } from '../../supervisor/process.ts';
import type { ProcessContext } from '../../supervisor/process.ts';
import { startSystem } from '../../supervisor/system.ts';

const FAULTS = [
  'throw',
  'reject',
  'late timer error',
  'hang',
  'exit normal',
  'exit shutdown',
  'exit abnormal',
] as const;
const PHASES = ['start', 'running', 'restarting', 'stopping'] as const;
type Fault = (typeof FAULTS)[number];
type Phase = (typeof PHASES)[number];
/** `starts`: how often something of the child came to run, for however short a time. */
type Outcome = { readonly child: string; readonly starts: number; readonly root?: string };

const RUNS = (starts: number): Outcome => ({ child: 'running', starts });
const STOPPED = (starts: number): Outcome => ({ child: 'stopped', starts });
/** A first start that fails in the turn of the start is no crash: it fails the supervisor. */
const FAILED = (starts: number): Outcome => ({ child: 'gone', starts, root: 'intensity' });
const ENDED = (starts: number): Outcome => ({ child: 'gone', starts, root: 'shutdown' });

/** The child is transient: abnormal ends are restarted, the other two are not. */
const EXPECTED: Record<Fault, Record<Phase, Outcome>> = {
  throw: { start: FAILED(0), running: RUNS(2), restarting: RUNS(2), stopping: ENDED(1) },
  reject: { start: RUNS(2), running: RUNS(2), restarting: RUNS(3), stopping: ENDED(1) },
  'late timer error': { start: RUNS(2), running: RUNS(2), restarting: RUNS(3), stopping: ENDED(1) },
  hang: { start: RUNS(1), running: RUNS(1), restarting: RUNS(2), stopping: ENDED(1) },
  'exit normal': { start: STOPPED(1), running: STOPPED(1), restarting: STOPPED(2), stopping: ENDED(1) },
  'exit shutdown': { start: STOPPED(1), running: STOPPED(1), restarting: STOPPED(2), stopping: ENDED(1) },
  'exit abnormal': { start: FAILED(1), running: RUNS(2), restarting: RUNS(3), stopping: ENDED(1) },
};

/** A machine that throws while it starts has not started at all, whatever it throws; one that is final at once has no child. */
const OF_MACHINES: Partial<Record<Fault, Partial<Record<Phase, Outcome>>>> = {
  throw: { start: FAILED(1), restarting: RUNS(3) },
  'exit normal': { start: STOPPED(0), restarting: STOPPED(1) },
  'exit shutdown': { start: FAILED(1), restarting: RUNS(3) },
};

type Ledger = { starts: number; held: number; most: number };
type Placement = (
  incarnationFault: () => Fault | undefined,
  stopFault: () => Fault | undefined,
  ledger: Ledger,
) => () => AnyActorLogic;

const PLACEMENTS: Record<string, Placement> = { process: processes, machine: machines };

for (const [placement, logicOf] of Object.entries(PLACEMENTS)) {
  for (const fault of FAULTS) {
    for (const phase of PHASES) {
      const expected = (placement === 'machine' && OF_MACHINES[fault]?.[phase]) || EXPECTED[fault][phase];
      const says = expected.root ? `root ${expected.root}` : `child ${expected.child} after ${expected.starts} starts`;
      test(`grid, loop, ${placement}: ${fault} × ${phase} → ${says}`, async () =>
        play(logicOf, fault, phase, expected));
    }
  }
}

async function play(logicOf: Placement, fault: Fault, phase: Phase, expected: Outcome): Promise<void> {
  const ledger: Ledger = { starts: 0, held: 0, most: 0 };
  const clock = virtualClock();
  const faults: (Fault | undefined)[] = { start: [fault], restarting: [undefined, fault], running: [], stopping: [] }[
    phase
  ];
  const logic = logicOf(
    () => faults.shift(),
    () => (phase === 'stopping' ? fault : undefined),
    ledger,
  );
  const child = { id: 'child', restart: 'transient', shutdown: 1000, start: logic } as const;
  const system = startSystem({ id: 'root', strategy: 'one_for_one', intensity: 5, children: [child] }, { clock });
  let root: string | undefined;
  void system.ended.then(({ reason }) => (root = reason));
  await clock.advance(0);
  if (phase === 'running') system.send('child', { type: fault });
  if (phase === 'restarting') system.send('child', { type: 'throw' });
  if (phase === 'stopping') void system.stop();
  await clock.advance(500);
  if (phase === 'stopping' && fault === 'hang' && ledger.held > 0) assert.is(root, undefined, 'it has its time');
  await clock.advance(500);
  const status = root ? 'gone' : system.tree().children?.[0]?.status;
  assert.equal({ child: status, starts: ledger.starts, ...(root ? { root } : {}) }, expected);
  assert.is(ledger.held, status === 'running' ? 1 : 0);
  assert.ok(ledger.most <= 1, 'never two at once');
  void system.stop();
  await clock.advance(1000);
  assert.is(ledger.held, 0);
  assert.is(clock.pending(), 0);
}

function hold({ lease }: Pick<ProcessContext<never, never>, 'lease'>, ledger: Ledger): void {
  ledger.starts += 1;
  ledger.held += 1;
  ledger.most = Math.max(ledger.most, ledger.held);
  lease.lost.addEventListener('abort', () => (ledger.held -= 1));
}

function processes(...[nextFault, stopFault, ledger]: Parameters<Placement>): () => AnyActorLogic {
  return () => {
    const atStart = nextFault();
    return fromProcess<{ type: Fault }>((self) => {
      if (atStart === 'throw') throw new Error('start');
      hold(self, ledger);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const commit = (fault: Fault): void => {
        if (fault === 'throw') throw new Error('thrown');
        if (fault === 'reject') reject(new Error('rejected'));
        if (fault === 'late timer error') self.clock.setTimeout(throwLate, 5);
        if (fault === 'exit normal') resolve();
        if (fault === 'exit shutdown') reject(new ShutdownExit());
        if (fault === 'exit abnormal') self.crash(new Error('abnormal'));
      };
      self.onMessage(({ type }) => commit(type));
      self.signal.addEventListener('abort', () => {
        const fault = stopFault();
        if (fault === undefined) resolve();
        else if (fault === 'throw') self.crash(new Error('thrown'));
        else if (self.lease.held) commit(fault);
      });
      if (atStart) commit(atStart);
      return promise;
    });
  };
}

function throwLate(): never {
  throw new Error('late');
}

function machines(...[nextFault, , ledger]: Parameters<Placement>): () => AnyActorLogic {
  // Its child holds the lease, so each cell also shows that nothing of a dead machine lives on.
  const holder = fromProcess(async (self) => {
    hold(self, ledger);
    await new Promise<void>((resolve) => self.signal.addEventListener('abort', () => resolve()));
  });
  const refuse = fromPromise(async () => {
    throw new Error('rejected');
  });
  const crash = fromProcess(async ({ crash: fail }) => fail(new Error('abnormal')));
  const machine = setup({
    types: {} as { input: Fault | undefined; context: { atStart: Fault | undefined } },
    actors: { holder, refuse, crash },
    actions: {
      throw: () => {
        throw new Error('thrown');
      },
      shutdown: () => {
        throw new ShutdownExit();
      },
    },
  }).createMachine({
    context: ({ input }) => ({ atStart: input }),
    invoke: { src: 'holder' },
    initial: 'judging',
    on: Object.fromEntries(FAULTS.map((fault) => [fault, `.${fault}`])),
    states: {
      judging: {
        always: [
          ...FAULTS.map((fault) => ({
            guard: ({ context }: { context: { atStart: Fault | undefined } }) => context.atStart === fault,
            target: fault,
          })),
          { target: 'well' },
        ],
      },
      well: {},
      throw: { entry: 'throw' },
      reject: { invoke: { src: 'refuse' } },
      'late timer error': { after: { 5: { actions: 'throw' } } },
      hang: {},
      'exit normal': { type: 'final' },
      'exit shutdown': { entry: 'shutdown' },
      'exit abnormal': { invoke: { src: 'crash' } },
    },
  });
  return () => withInput(machine, nextFault());
}

/** The child's input, bound early: a machine has no other place for the fault of this incarnation. */
function withInput(logic: AnyActorLogic, input: unknown): AnyActorLogic {
  const bound = Object.create(logic) as AnyActorLogic;
  bound.getInitialSnapshot = (scope) => logic.getInitialSnapshot(scope, input) as never;
  return bound;
}

test.run();
