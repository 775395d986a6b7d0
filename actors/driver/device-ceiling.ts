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
  { points, control }: Pick<BoundProfile, 'points' | 'control'>,
  found: (point: string) => number | undefined,
): Permit {
  const maxChargeW = Math.min(permit.maxChargeW, ceilingW('charge'));
  const maxDischargeW = Math.min(permit.maxDischargeW, ceilingW('discharge'));
  if (maxChargeW === permit.maxChargeW && maxDischargeW === permit.maxDischargeW) return permit;
  return { ...permit, maxChargeW, maxDischargeW };

  function ceilingW(direction: 'charge' | 'discharge'): number {
    const powers = (control?.sequences[direction] ?? []).flatMap(({ set }) =>
      Object.entries(set).filter(([, wanted]) => wanted === 'magnitude' || wanted === 'signed'),
    );
    const bounds = powers.map(([name]) => points[name]?.writable?.maxFrom);
    return Math.min(
      ...bounds.map((name) => (name === undefined ? undefined : found(name)) ?? Number.POSITIVE_INFINITY),
    );
  }
}
