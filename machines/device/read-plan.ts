/**
 * Which registers to read together: planned once per device from its profile.
 *
 * Points share a request when they are adjacent, or lie in one declared block; a request never reads across registers
 * that the profile does not vouch for, because many devices answer those with an exception. Holding and input registers
 * are two spaces with the same numbers.
 */
import type { BoundProfile, Point, PointRow, Profile, ScaleFactor } from '../../contracts/profile.ts';
import type { RegisterSpace } from '../../contracts/ports.ts';
import { registersOf } from '../../contracts/profile.ts';

export type BlockRead = {
  readonly space: RegisterSpace;
  /** Another unit behind the same connection. */
  readonly unitId: number | undefined;
  readonly register: number;
  readonly count: number;
  readonly points: readonly { readonly name: string; readonly point: Point; readonly offset: number }[];
  /** Scale factors of the points, read again with each of them. */
  readonly scales: readonly { readonly scale: ScaleFactor; readonly offset: number }[];
};

type Group = Point['group'];

/** The points of a device that exist on this asset, bound or not. */
export function installedPoints<P extends Pick<PointRow, 'part'>>(
  { points, parts }: { readonly points: Readonly<Record<string, P>>; readonly parts?: Profile['parts'] },
  installed: readonly string[] = parts?.installed ?? [],
): ReadonlyMap<string, P> {
  return new Map(Object.entries(points).filter(([, { part }]) => part === undefined || installed.includes(part)));
}

export function planReads(
  profile: Pick<BoundProfile, 'transport'>,
  points: ReadonlyMap<string, Point>,
  wanted: (name: string, group: Group) => boolean,
): readonly BlockRead[] {
  const { blocks, gaps, maxReadRegisters, oneRequestPerBlock } = profile.transport;
  const plans: Plan[] = [];
  for (const { space, unitId, start, end, add } of rowsOf(points, wanted, profile.transport.registers)) {
    const last = plans.at(-1);
    if (last?.space === space && last.unitId === unitId && mayShare(last, start, end)) {
      add(last);
      last.end = Math.max(last.end, end);
    } else {
      const plan: Plan = { space, unitId, register: start, end, points: [], scales: [] };
      add(plan);
      plans.push(plan);
    }
  }
  return plans.map(({ space, unitId, register, end, points: inside, scales }) => ({
    space,
    unitId,
    register,
    count: end - register,
    points: inside,
    scales,
  }));

  function mayShare(last: Plan, start: number, end: number): boolean {
    if (Math.max(end, last.end) - last.register > maxReadRegisters) return false;
    if (gaps.some(({ register, count }) => register < end && register + count > last.register)) return false;
    // Gaps and blocks are those of the device; of another unit only adjacent points share a request.
    if (last.unitId !== undefined) return start <= last.end;
    const own = blocks.filter(({ registers = profile.transport.registers }) => registers === last.space);
    const inOneBlock = own.some(({ register, count }) => last.register >= register && end <= register + count);
    const isSplit = oneRequestPerBlock && own.some(({ register }) => register > last.register && register <= start);
    return inOneBlock || (start <= last.end && !isSplit);
  }
}

/** The scale factors of a block that are no longer those with which the profile was bound. */
export function changedScales({ scales }: BlockRead, words: readonly number[]): readonly ScaleFactor[] {
  return scales
    .filter(({ scale: { exponent }, offset }) => words[offset] !== (exponent & 0xffff))
    .map(({ scale }) => scale);
}

type Plan = {
  readonly space: RegisterSpace;
  readonly unitId: number | undefined;
  readonly register: number;
  end: number;
  readonly points: BlockRead['points'][number][];
  readonly scales: BlockRead['scales'][number][];
};
type Row = {
  readonly space: RegisterSpace;
  readonly unitId: number | undefined;
  readonly start: number;
  readonly end: number;
  readonly add: (to: Plan) => void;
};

function rowsOf(
  points: ReadonlyMap<string, Point>,
  wanted: (name: string, group: Group) => boolean,
  usual: RegisterSpace,
): readonly Row[] {
  const chosen = [...points].filter(([name, point]) => wanted(name, point.group));
  const scales = new Map(chosen.flatMap(([, { scale }]) => (scale ? [[scale.register, scale]] : [])));
  return [
    ...chosen.map(([name, point]): Row => ({
      space: point.registers ?? usual,
      unitId: point.unitId,
      start: point.register,
      end: point.register + registersOf(point),
      add: (to) => to.points.push({ name, point, offset: point.register - to.register }),
    })),
    ...[...scales.values()].map((scale): Row => ({
      space: usual,
      unitId: undefined,
      start: scale.register,
      end: scale.register + 1,
      add: (to) => to.scales.push({ scale, offset: scale.register - to.register }),
    })),
  ].toSorted((a, b) => a.space.localeCompare(b.space) || (a.unitId ?? -1) - (b.unitId ?? -1) || a.start - b.start);
}
