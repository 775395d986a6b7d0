/**
 * What an E-stop is pressed in: the cases of the campaign, each with its variants and its budget (control rules 4 and 6).
 */
import { readFileSync } from 'node:fs';
import { profileSchema } from '../../../contracts/profile.ts';
import { estopBudgetMs } from '../../../machines/guard/caps.ts';
import { ACTUATORS } from '../../../simulator/plant-settings.ts';
import type { Random } from '../../fuzz/random.ts';
import type { Budget, Pressed } from './press.ts';

export type Case = {
  readonly name: string;
  readonly about: string;
  readonly variants: readonly string[];
  readonly budget: (variant: string) => Budget;
  /** What the budget counts from, where it is not the press. */
  readonly from?: string;
  /** Share of the rounds that it is worth, for what takes long. */
  readonly share?: number;
  /** Why it cannot be run here. */
  readonly missing?: () => string | undefined;
  /** Sets up one site; the answer is one round on it, which leaves it as it was. */
  readonly open: (stack: AsyncDisposableStack) => Promise<Round>;
};
export type Round = (variant: string, random: Random) => Promise<Pressed>;

const PROFILE = new URL('../../../profiles/huawei-sun2000-luna2000.json', import.meta.url);
/** Its last tenth comes as fast as the others. */
const RAMP_MS = ACTUATORS.fast / 0.9;

/** The profile's budget with the actuator that the simulated plant has. */
const SEQUENCE_MS = sequenceMs();

/** The request in flight ends within 300 ms, as all of them do here. */
export const LINK_UP: Budget = { firstMs: 500, idleMs: 100, zeroMs: SEQUENCE_MS };
/** The device accepts connections. */
export const LINK_LOST: Budget = { firstMs: 2500, zeroMs: 2500 + SEQUENCE_MS };
/** By the stopper, from the silence. */
export const SILENT: Budget = { firstMs: 8000, zeroMs: 8000 };
/** From its return: tries come every 3 s at the latest, and one that got no answer takes 5 s to give up. */
export const RETURNED: Budget = { firstMs: 10_000, zeroMs: 10_000 + SEQUENCE_MS };

function sequenceMs(): number {
  const profile = profileSchema.parse(JSON.parse(readFileSync(PROFILE, 'utf8')));
  const { control } = profile;
  if (!control) throw new Error('the profile has no control');
  const actuator = { ...control.actuator, latencyMs: RAMP_MS };
  return Math.round(estopBudgetMs({ ...profile, control: { ...control, actuator } }));
}
