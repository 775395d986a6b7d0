/**
 * When two states are the same: texts that say everything a state is made of.
 *
 * Epochs are only compared, and a new one is larger than all others, so they count by their rank: latch cycles have no
 * bound. Rank 0 is kept for an epoch that nobody has told.
 */
import type { Passage } from '../machines/device/helm.ts';
import type { Posture } from '../machines/device/posture.ts';
import { NOW } from './driver-model.ts';
import type { Driver, Setting } from './driver-model.ts';

/** How an epoch stands to the others. */
export type Ranks = (epoch: number) => string;

/** Numbers the given epochs, 1 and up; what is 0 or less stays. */
export function ranksOf(epochs: readonly number[]): Ranks {
  const sorted = [...new Set(epochs)].filter((epoch) => epoch > 0).toSorted((a, b) => a - b);
  return (epoch) => (epoch > 0 ? String(sorted.indexOf(epoch) + 1) : String(epoch));
}

/** Where every epoch but the newest is void, and no two old ones are ever compared. */
export function oldOrNow(newest: number): Ranks {
  return (epoch) => (epoch === newest ? 'n' : epoch > 0 ? 'o' : '0');
}

export function epochsOf(driver: Driver | undefined): readonly number[] {
  if (!driver) return [];
  const { permit, op, epoch, memory } = driver;
  return [epoch, memory.newest.epoch, permit?.epoch ?? 0, op.context.order?.epoch ?? 0];
}

/**
 * Left out is only what nothing reads in this state: a permit or an order that is void twice over is as good as none, an
 * answer to a stop counts only under the latch, `holding` only where standby would release.
 */
export function keyOfDriver(driver: Driver | undefined, rank: Ranks, { idle }: Pick<Setting, 'idle'>): string {
  if (!driver) return '-';
  const { op, helm, pending, memory } = driver;
  const { order, holding, estopped, trip, fault, maintenance } = op.context;
  const { latched } = memory.newest;
  return [
    op.leaf,
    order ? `${order.w}${keyOfTime(order, driver.epoch, rank)}${SAID[driver.said]}${memory.disowned ? '!' : ''}` : '',
    bits(holding && idle === 'release', estopped, trip !== undefined, fault !== undefined, maintenance !== undefined),
    bits(driver.told, driver.unwatched, driver.linked, driver.proven, driver.seen, driver.fresh),
    bits(
      driver.early,
      driver.awaitsZero && latched,
      driver.local,
      memory.permitted,
      memory.answered && latched,
      latched,
    ),
    rank(driver.epoch),
    rank(memory.newest.epoch),
    latched ? memory.sent : '',
    keyOfPermit(driver, rank),
    keyOfPosture(helm.posture),
    keyOfPassage(helm.passage),
    bits(helm.reassert, helm.waitForPoll, helm.midway, helm.posture?.kind === 'power' && helm.armedAtMs < 0),
    helm.waitForPoll ? helm.failed : '',
    pending
      ? `${pending.transaction.register}${pending.atOnce ? '^' : ''}${pending.passage === helm.passage ? '' : `>${keyOfPassage(pending.passage)}`}`
      : '',
    driver.unread.join('+'),
  ].join(',');
}

const SAID = { nothing: '', unheard: 'u', heard: 'h' } as const;

function keyOfPermit({ permit, epoch }: Driver, rank: Ranks): string {
  if (!permit) return '';
  const { maxChargeW, maxDischargeW } = permit;
  const time = keyOfTime(permit, epoch, rank);
  const over = time === '!!' || (maxChargeW + maxDischargeW === 0 && time.endsWith('!'));
  return over ? '' : `${maxChargeW}/${maxDischargeW}${time}`;
}

function keyOfTime({ epoch, expiresAtMs }: { epoch: number; expiresAtMs: number }, now: number, rank: Ranks): string {
  if (expiresAtMs > NOW) return `@${rank(epoch)}`;
  return epoch < now ? '!!' : `@${rank(epoch)}!`;
}

function keyOfPosture(posture: Posture | undefined): string {
  if (!posture) return '?';
  if (posture.kind === 'power') return String(posture.w);
  return posture.kind === 'release' ? `release${bits(posture.charge, posture.discharge)}` : posture.kind;
}

const passages = new WeakMap<Passage, string>();

function keyOfPassage(passage: Passage | undefined): string {
  if (!passage) return '';
  let key = passages.get(passage);
  if (key === undefined) {
    const { to, sequence, purpose, transactions, at, refused = [] } = passage;
    const steps = transactions.slice(at).map(({ register, words }) => `${register}=${words.join('.')}`);
    key = `${keyOfPosture(to)} ${sequence} ${purpose} ${refused.map(({ register }) => register).join('-')} ${steps.join(' ')}`;
    passages.set(passage, key);
  }
  return key;
}

export function bits(...values: readonly boolean[]): string {
  return values.map((value) => (value ? '1' : '0')).join('');
}
