/** After an E-stop under a load above the PV: ten minutes in which nothing moves and nothing but zero is written. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LINK_UP } from './cases.ts';
import type { Case } from './cases.ts';
import { entriesSince, marksOf, press } from './press.ts';
import { estopSite, WAYS } from './site.ts';
import type { EstopSite } from './site.ts';

const STILL_MS = 600_000;
const LOOK_EVERY_MS = 250;
/** Of 100 kW: what counts as no power at all. */
const NOTHING_W = 1;

export const stillCase: Case = {
  name: 'still',
  about: 'ten minutes after an E-stop with the load above PV: still at zero',
  variants: ['600 s'],
  share: 0.1,
  budget: () => LINK_UP,
  async open(stack) {
    const site = stack.use(await estopSite());
    await site.real.startRuntime();
    return async (_, random) => {
      await site.fullDischarge();
      await sleep(random.below(1000));
      const pressed = await press(site, random.pick(WAYS));
      const problems = [...pressed.problems, ...(await movedIn(site, STILL_MS))];
      await site.reset();
      return { ...pressed, problems };
    };
  },
};

/** What moved or was written, in words. */
async function movedIn(site: EstopSite, forMs: number): Promise<readonly string[]> {
  const marks = await marksOf(site);
  const untilMs = Date.now() + forMs;
  const most = [0, 0];
  for (; Date.now() < untilMs; await sleep(LOOK_EVERY_MS))
    for (const at of [0, 1]) most[at] = Math.max(most[at] ?? 0, Math.abs(await site.real.power(at)));
  const written = await Promise.all([0, 1].map((at) => entriesSince(site, marks, at)));
  return [0, 1].flatMap((at) => [
    ...((most[at] ?? 0) > NOTHING_W ? [`bess-${at + 1} moved ${most[at]} W`] : []),
    ...(written[at]?.some(({ words }) => words.some((word) => word !== 0))
      ? [`bess-${at + 1} was not left at zero`]
      : []),
  ]);
}
