/** The E-stop while something is wrong at the devices or in control: links that are lost, requests that hang, actors that die. */
import { fileURLToPath } from 'node:url';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../fuzz/random.ts';
import { LINK_LOST, LINK_UP, RETURNED } from './cases.ts';
import type { Case } from './cases.ts';
import { entriesSince, isStop, marksOf, press, stopsSince } from './press.ts';
import type { Pressed } from './press.ts';
import { estopSite, WAYS } from './site.ts';
import type { EstopSite } from './site.ts';

const RUNTIME = fileURLToPath(new URL('../fixtures/runtime.ts', import.meta.url));
const ACTORS = ['estop', 'driver:bess-1', 'guard', 'dispatcher'] as const;
const MOMENTS = ['before', 'with', 'after'] as const;
const RECONNECTION_MS = 2500;
const DEATH_MS = 300;
/** Control rules 4 give a request in flight 300 ms; here it is 200 ms old when the E-stop comes. */
const HANGS_SINCE_MS = 200;
const HANG_MS = 8000;
/** Control gives up after five restarts in 30 s; here it is to be met by each death alone. */
const BETWEEN_DEATHS_MS = 6500;
let diedAtMs = 0;
const AWAY_MS = { least: 2000, more: 10_000 };

export const fieldCases: readonly Case[] = [
  {
    name: 'reconnect',
    about: 'the connections to the devices were reset up to 2.5 s before; or a read hangs',
    variants: ['reset', 'hanging read'],
    budget: () => LINK_LOST,
    async open(stack) {
      const site = stack.use(await estopSite());
      await site.real.startRuntime();
      return (variant, random) =>
        variant === 'reset' ? whileReconnecting(site, random) : intoHangingRead(site, random);
    },
  },
  {
    name: 'unreachable',
    about: 'the devices answer nobody; the stop is their first write after their return',
    variants: ['silent', 'refusing'],
    from: 'return',
    budget: () => RETURNED,
    async open(stack) {
      const site = stack.use(await estopSite());
      await site.real.startRuntime();
      return (variant, random) => whileAway(site, variant === 'silent', random);
    },
  },
  {
    name: 'restart',
    about: 'an actor of control dies up to 0.3 s before, in that moment, or up to 30 ms after',
    variants: ACTORS.flatMap((actor) => MOMENTS.map((moment) => `${actor} ${moment}`)),
    // A driver takes its connection with it, and the E-stop actor all of control.
    budget: (variant) => (/^(?:estop|driver)/.test(variant) ? LINK_LOST : LINK_UP),
    async open(stack) {
      const site = stack.use(await estopSite({ program: RUNTIME }));
      await site.real.startRuntime();
      return (variant, random) => whileDying(site, variant, random);
    },
  },
];

async function whileReconnecting(site: EstopSite, random: Random): Promise<Pressed> {
  await site.fullDischarge();
  await sleep(random.below(1000));
  await site.real.plant.request({ do: 'fault', fault: { kind: 'reset' } });
  await sleep(random.below(RECONNECTION_MS));
  // One that is back already has been stopped for being forced: judged all the same.
  const pressed = await press(site, random.pick(WAYS));
  await site.reset();
  return pressed;
}

async function intoHangingRead(site: EstopSite, random: Random): Promise<Pressed> {
  const { plant } = site.real;
  await site.fullDischarge();
  await sleep(random.below(1000));
  await plant.request({ do: 'fault', fault: { kind: 'hang', ms: HANG_MS, count: 1 } });
  await site.real.until('a read hangs', 5000, async () => (await plant.state(0)).faults.length === 0);
  await sleep(HANGS_SINCE_MS);
  const pressed = await press(site, random.pick(WAYS));
  await plant.clear();
  await site.reset();
  return pressed;
}

async function whileAway(site: EstopSite, silent: boolean, random: Random): Promise<Pressed> {
  const { plant } = site.real;
  await site.fullDischarge();
  const marks = await marksOf(site);
  await plant.request({ do: 'fault', fault: { kind: silent ? 'silence' : 'refuse' } });
  if (!silent) await plant.request({ do: 'fault', fault: { kind: 'reset' } });
  await sleep(random.below(AWAY_MS.least));
  const asked = site.command('estop', { reason: 'campaign' }, random.pick(WAYS));
  const fromMs = Date.now();
  const { ok } = await asked;
  const replyMs = Date.now() - fromMs;
  await sleep(AWAY_MS.least + random.below(AWAY_MS.more));
  const returnMarks = await marksOf(site);
  const returnMs = Date.now();
  await plant.clear();
  const seen = await stopsSince(site, returnMarks, returnMs);
  const problems = ok ? [] : ['not accepted'];
  for (const asset of [0, 1]) {
    const [first] = await entriesSince(site, marks, asset);
    if (!first || !isStop(first)) problems.push(`bess-${asset + 1}: its first write was no stop`);
  }
  await site.reset();
  return { seen, reply: undefined, replyMs, problems };
}

async function whileDying(site: EstopSite, variant: string, random: Random): Promise<Pressed> {
  const [actor = '', moment] = variant.split(' ');
  const { runtime } = site.real;
  await sleep(Math.max(0, diedAtMs + BETWEEN_DEATHS_MS - Date.now()));
  diedAtMs = Date.now();
  await site.fullDischarge();
  await sleep(random.below(1000));
  const kill = (): Promise<unknown> => {
    const dead = once(runtime, 'message');
    runtime.send(actor);
    return dead;
  };
  const afterMs = random.below(DEATH_MS / 10);
  const beside = moment === 'before' ? undefined : moment === 'with' ? kill : () => sleep(afterMs).then(kill);
  if (moment === 'before') {
    await kill();
    await sleep(random.below(DEATH_MS));
  }
  const pressed = await press(site, random.pick(WAYS), beside);
  const { estop } = (await site.real.get('/api/v1/status')).data;
  const problems = [...pressed.problems, ...(estop.state === 'latched' ? [] : [`not latched: ${estop.state}`])];
  await site.real.until('every actor is back', 30_000, async () => (await site.command('status', {})).ok);
  await site.reset();
  return { ...pressed, problems };
}
