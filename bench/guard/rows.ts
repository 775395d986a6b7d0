/** Rows of quantiles over all breaches of a run, ours beside those of the bare poller. */
import { quantile, rowOf } from '../measure.ts';
import type { Row, Target } from '../measure.ts';
import type { Times } from './device.ts';

export type Both = { readonly ours: readonly Times[]; readonly bare: readonly Times[] };

const QUANTILES = [
  ['p50', 0.5],
  ['p99', 0.99],
  ['worst', 1],
] as const;
type Name = (typeof QUANTILES)[number][0];

const TIMES: Readonly<Record<keyof Times, readonly [string, string, number]>> = {
  shownUs: ['shown to stop written', 'µs', 1],
  breachUs: ['breach to stop written', 'ms', 1000],
};

/** Each round is a list of breaches; the quantile is of all of them, since the rare ones are what is asked for. */
export function rowsOf(
  where: string,
  kind: keyof Times,
  { ours, bare }: Both,
  targets: Partial<Readonly<Record<Name, Target>>>,
): readonly Row[] {
  const [words, unit, per] = TIMES[kind];
  const all = (rounds: readonly Times[]): readonly number[] =>
    rounds.flatMap((times) => times[kind]).map((us) => us / per);
  const [ourTimes, bareTimes] = [all(ours), all(bare)];
  return QUANTILES.map(([name, share]) => {
    const target = targets[name];
    return rowOf({
      what: `${where}: ${words}, ${name} of ${ourTimes.length}`,
      unit,
      values: [quantile(ourTimes, share)],
      floor: { name: `bare, ${bareTimes.length}`, values: [quantile(bareTimes, share)] },
      ...(target && { target }),
    });
  });
}
