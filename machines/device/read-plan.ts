/**
 * Which registers to read together: planned once per device from its profile.
 *
 * Points share a request when they are adjacent, or lie in one declared block; a request never reads across registers
 * that the profile does not vouch for, because many devices answer those with an exception.
 */
import type { Point, Profile } from '../../contracts/profile.ts';
import { registersOf } from '../../contracts/profile.ts';

export type BlockRead = {
  readonly register: number;
  readonly count: number;
  readonly points: readonly { readonly name: string; readonly point: Point; readonly offset: number }[];
};

type Group = Point['group'];

/** The points of a device that exist on this asset. */
export function installedPoints(
  profile: Profile,
  parts: readonly string[] = profile.parts?.installed ?? [],
): ReadonlyMap<string, Point> {
  return new Map(Object.entries(profile.points).filter(([, { part }]) => part === undefined || parts.includes(part)));
}

export function planReads(
  profile: Profile,
  points: ReadonlyMap<string, Point>,
  wanted: (name: string, group: Group) => boolean,
): readonly BlockRead[] {
  const { blocks, maxReadRegisters } = profile.transport;
  const rows = [...points]
    .filter(([name, point]) => wanted(name, point.group))
    .map(([name, point]) => ({ name, point, start: point.register, end: point.register + registersOf(point) }))
    .toSorted((a, b) => a.start - b.start);

  const plans: { register: number; end: number; points: BlockRead['points'][number][] }[] = [];
  for (const { name, point, start, end } of rows) {
    const last = plans.at(-1);
    const fits = last && Math.max(end, last.end) - last.register <= maxReadRegisters;
    const near =
      last &&
      (start <= last.end || blocks.some(({ register, count }) => last.register >= register && end <= register + count));
    if (last && fits && near) {
      last.points.push({ name, point, offset: start - last.register });
      last.end = Math.max(last.end, end);
    } else {
      plans.push({ register: start, end, points: [{ name, point, offset: 0 }] });
    }
  }
  return plans.map(({ register, end, points: inside }) => ({ register, count: end - register, points: inside }));
}
