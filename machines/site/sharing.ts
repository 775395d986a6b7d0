/**
 * Sharing a site order among batteries (control rules 9): in proportion to usable energy, so that all reach their limit
 * together, within each one's headroom. Pure.
 */

export type Unit = {
  readonly id: string;
  /** Battery power that it can take in the direction of the order, W ≥ 0: permit, device, AC room. */
  readonly roomW: number;
  /** Usable energy in that direction, Wh ≥ 0; NaN where the capacity is not known. */
  readonly energyWh: number;
  readonly minPowerW: number;
};

export type Share = {
  readonly id: string;
  /** Its part by energy alone, W ≥ 0. */
  readonly rawW: number;
  readonly finalW: number;
  readonly reasons: readonly ('ROOM' | 'ENERGY' | 'MIN_POWER')[];
};

/** Shares are unsigned; their sum is min(|power|, what all can take together). `durationS` of the order. */
export function share(
  units: readonly Unit[],
  powerW: number,
  durationS: number,
  dropped: ReadonlySet<string> = new Set(),
): readonly Share[] {
  const hours = Math.max(durationS, 60) / 3600;
  const known = units.every(({ energyWh }) => Number.isFinite(energyWh));
  const rows = units.map((unit) => {
    const weight = known ? unit.energyWh : 1;
    // An empty battery stays out of it also while the capacity of another one is not known.
    const energyW = Number.isNaN(unit.energyWh) ? Number.POSITIVE_INFINITY : unit.energyWh / hours;
    const roomW = Math.min(unit.roomW, energyW);
    const headroomW = dropped.has(unit.id) || !(roomW > 0) ? 0 : roomW;
    return { unit, weight, energyW, headroomW };
  });
  const wantedW = Math.max(0, powerW);
  const weights = rows.reduce((sum, { weight }) => sum + weight, 0);
  const finals = fill(
    rows,
    Math.min(
      wantedW,
      rows.reduce((sum, { headroomW }) => sum + headroomW, 0),
    ),
  );

  const tooSmall = rows
    .filter(({ unit }, at) => (finals[at] ?? 0) > 0 && (finals[at] ?? 0) < unit.minPowerW)
    .toSorted((a, b) => (finals[rows.indexOf(a)] ?? 0) - (finals[rows.indexOf(b)] ?? 0))[0];
  if (tooSmall) return share(units, powerW, durationS, new Set([...dropped, tooSmall.unit.id]));

  return rows.map(({ unit, weight, energyW }, at) => {
    const rawW = weights > 0 ? (wantedW * weight) / weights : wantedW / rows.length;
    const finalW = finals[at] ?? 0;
    const reasons: Share['reasons'][number][] = [];
    if (dropped.has(unit.id)) reasons.push('MIN_POWER');
    else if (finalW < rawW - 1e-9) reasons.push(energyW < unit.roomW ? 'ENERGY' : 'ROOM');
    return { id: unit.id, rawW, finalW, reasons };
  });
}

/** p = min(headroom, μ · weight) with μ such that the sum is `totalW`: those that fill first are taken out first. */
function fill(
  rows: readonly { readonly weight: number; readonly headroomW: number }[],
  totalW: number,
): readonly number[] {
  const result = rows.map(() => 0);
  let open = rows.map((_, at) => at);
  let leftW = totalW;
  while (open.length > 0 && leftW > 0) {
    const weights = open.reduce((sum, at) => sum + (rows[at]?.weight ?? 0), 0);
    const mu = leftW / weights;
    const full = open.filter((at) => (rows[at]?.headroomW ?? 0) <= mu * (rows[at]?.weight ?? 0));
    if (full.length === 0) {
      for (const at of open) result[at] = mu * (rows[at]?.weight ?? 0);
      break;
    }
    for (const at of full) {
      result[at] = rows[at]?.headroomW ?? 0;
      leftW -= result[at] ?? 0;
    }
    open = open.filter((at) => !full.includes(at));
  }
  return result;
}
