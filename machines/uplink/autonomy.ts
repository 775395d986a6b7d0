/** When a site says that it is on its own: no uplink has delivered for five minutes. */

export const AUTONOMOUS_AFTER_MS = 300_000;

export type Autonomy = {
  /** Since when no uplink delivers; `undefined` while one does. */
  readonly aloneSinceMs: number | undefined;
  readonly delivering: ReadonlySet<string>;
};

/** At start nothing delivers yet. */
export function notYetLinked(nowMs: number): Autonomy {
  return { aloneSinceMs: nowMs, delivering: new Set() };
}

export function heard(before: Autonomy, uplink: string, delivers: boolean, nowMs: number): Autonomy {
  const delivering = new Set(before.delivering);
  if (delivers) delivering.add(uplink);
  else delivering.delete(uplink);
  return { delivering, aloneSinceMs: delivering.size > 0 ? undefined : (before.aloneSinceMs ?? nowMs) };
}

export function isAutonomous({ aloneSinceMs }: Autonomy, nowMs: number): boolean {
  return aloneSinceMs !== undefined && nowMs - aloneSinceMs >= AUTONOMOUS_AFTER_MS;
}
