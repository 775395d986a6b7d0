/** The E-stop while something is wrong north of control: nothing, no broker, a hung broker, ten thousand commands before it. */
import { fork } from 'node:child_process';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../fuzz/random.ts';
import { LINK_UP } from './cases.ts';
import type { Case } from './cases.ts';
import { press } from './press.ts';
import type { Pressed } from './press.ts';
import { estopSite, WAYS } from './site.ts';
import type { EstopSite, Way } from './site.ts';

const FLOOD = fileURLToPath(new URL('../fixtures/flood.ts', import.meta.url));
export const COMMANDS = 10_000;
const LAST = 19;
/** A poll and a pause of it, so that presses come at every place between two polls. */
const ANY_MOMENT_MS = 1000;

export const northCases: readonly Case[] = [
  {
    name: 'nothing',
    about: 'no fault at all',
    variants: WAYS,
    budget: () => LINK_UP,
    async open(stack) {
      const site = stack.use(await estopSite());
      await site.real.startRuntime();
      return async (way, random) => {
        await site.fullDischarge();
        await sleep(random.below(ANY_MOMENT_MS));
        const pressed = await press(site, way as Way);
        await site.reset();
        return pressed;
      };
    },
  },
  {
    name: 'bus',
    about: 'the broker is gone, dies, or hangs in that moment',
    variants: ['gone, http', 'gone, socket', 'dies, http', 'dies, socket', 'hangs, http', 'hangs, socket'],
    budget: () => LINK_UP,
    async open(stack) {
      const site = stack.use(await estopSite());
      await site.real.startRuntime();
      return (variant, random) => withoutBus(site, variant, random);
    },
  },
  {
    name: 'queue',
    about: `${COMMANDS} commands were sent over NATS just before`,
    variants: WAYS,
    budget: () => LINK_UP,
    async open(stack) {
      const site = stack.use(await estopSite());
      await site.real.startRuntime();
      return async (way) => {
        await site.fullDischarge();
        const { drained } = await flood(site);
        const pressed = await press(site, way as Way);
        await drained;
        await site.reset();
        return pressed;
      };
    },
  },
];

async function withoutBus(site: EstopSite, variant: string, random: Random): Promise<Pressed> {
  const [how, way] = variant.split(', ') as ['gone' | 'dies' | 'hangs', Way];
  await site.fullDischarge();
  await sleep(random.below(ANY_MOMENT_MS));
  const beside = { gone: undefined, dies: () => site.broker.kill(), hangs: () => site.broker.signal('SIGSTOP') }[how];
  if (how === 'gone') {
    await site.broker.kill();
    await sleep(random.below(2 * ANY_MOMENT_MS));
  }
  const pressed = await press(site, way, beside);
  if (how === 'hangs') site.broker.signal('SIGCONT');
  else await site.broker.start();
  await site.real.until('the broker is back', 20_000, async () => {
    const { broker } = (await site.real.get('/api/v1/status')).data;
    return broker.connected;
  });
  await site.reset();
  return pressed;
}

/** Resolves when all have been sent; `drained`, when all have been answered. */
function flood({ broker, real }: EstopSite): Promise<{ readonly drained: Promise<void> }> {
  const child = fork(FLOOD, [broker.url, real.siteId, String(COMMANDS)]);
  const drained = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  return new Promise((resolve, reject) => {
    child.once('message', () => {
      // It reads its answers on another machine in truth, which takes no processor away here.
      setPriority(child.pid ?? 0, LAST);
      resolve({ drained });
    });
    void drained.then(() => reject(new Error('the flood ended before all was sent')));
  });
}
