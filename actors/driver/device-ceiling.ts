/**
 * What the device itself lets a setpoint be, by the newest read of the registers that bound it (`maxFrom` of the profile).
 *
 * The guard narrows its permit by them at the end of each poll. Between two polls the driver does, so that no order is given
 * to a register that would hold less than what is then said to be written. It never widens a permit.
 */
import type { Permit } from '../../contracts/permit.ts';
import type { BoundProfile } from '../../contracts/profile.ts';

export function narrowedByDevice(
  permit: Permit,
  profile: Pick<BoundProfile, 'points' | 'control'>,
  found: (point: string) => number | undefined,
): Permit {
  const bounds = boundsOf(profile);
  if (bounds.charge.length === 0 && bounds.discharge.length === 0) return permit;
  const maxChargeW = Math.min(permit.maxChargeW, ceilingW(bounds.charge));
  const maxDischargeW = Math.min(permit.maxDischargeW, ceilingW(bounds.discharge));
  if (maxChargeW === permit.maxChargeW && maxDischargeW === permit.maxDischargeW) return permit;
  return { ...permit, maxChargeW, maxDischargeW };

  function ceilingW(registers: readonly string[]): number {
    return Math.min(...registers.map((name) => found(name) ?? Number.POSITIVE_INFINITY));
  }
}

type Bounds = Readonly<Record<'charge' | 'discharge', readonly string[]>>;

/** Of each profile, which never changes: looked up before every exchange. */
const BOUNDS = new WeakMap<object, Bounds>();

/** Registers that bound the powers which an order of each direction writes. */
function boundsOf(profile: Pick<BoundProfile, 'points' | 'control'>): Bounds {
  const before = BOUNDS.get(profile);
  if (before) return before;
  const bounds = { charge: boundsIn('charge'), discharge: boundsIn('discharge') };
  BOUNDS.set(profile, bounds);
  return bounds;

  function boundsIn(direction: 'charge' | 'discharge'): readonly string[] {
    const powers = (profile.control?.sequences[direction] ?? []).flatMap(({ set }) =>
      Object.entries(set).filter(([, wanted]) => wanted === 'magnitude' || wanted === 'signed'),
    );
    return powers.map(([name]) => profile.points[name]?.writable?.maxFrom).filter((name) => name !== undefined);
  }
}
