/**
 * Defects to plant in the code under test, each as exact replacements in its sources: a simulation that does not find them
 * proves nothing. A text that is no longer there is an error, so that a defect never goes missing by a change.
 */

export type Edit = { readonly file: string; readonly from: string; readonly to: string };
export type PlantedDefect = {
  readonly title: string;
  readonly edits: readonly Edit[];
  /** Rules of the oracle, one of which finds it. */
  readonly foundBy: readonly string[];
};

export const PLANTED = {
  open_door: {
    title: 'the door lets every write pass',
    edits: [
      {
        file: 'machines/device/may-write.ts',
        from: 'return code === undefined ? { allowed: true } : { allowed: false, code };',
        to: 'return { allowed: true };',
      },
    ],
    foundBy: ['originals first'],
  },
  forgetful_latch: {
    title: 'a restart forgets the latch on the disk',
    edits: [
      {
        file: 'actors/estop/latch-store.ts',
        from: 'return { latch: parsed.value, doubt: undefined }',
        to: 'return { latch: NEVER_LATCHED, doubt: undefined }',
      },
    ],
    foundBy: ['latched', 'tripped', 'honest', 'maintenance'],
  },
  endless_orders: {
    title: 'the end of an order is ignored',
    edits: [
      { file: 'machines/device/posture.ts', from: "if (!(nowMs < order.expiresAtMs)) return 'EXPIRED';", to: '' },
    ],
    foundBy: ['power without order', 'no order'],
  },
  turned_sign: {
    title: 'charging and discharging are mixed up',
    edits: [
      {
        file: 'machines/device/helm.ts',
        from: "return wanted.w < 0 ? 'charge' : 'discharge';",
        to: "return wanted.w > 0 ? 'charge' : 'discharge';",
      },
    ],
    foundBy: ['no order', 'limits', 'honest'],
  },
  generous_guard: {
    title: 'the guard permits twice what it should',
    edits: [
      { file: 'machines/guard/guard.ts', from: 'maxChargeW: floor(chargeW)', to: 'maxChargeW: 2 * floor(chargeW)' },
      {
        file: 'machines/guard/guard.ts',
        from: 'maxDischargeW: floor(dischargeW)',
        to: 'maxDischargeW: 2 * floor(dischargeW)',
      },
    ],
    foundBy: ['limits'],
  },
  any_device: {
    title: 'any serial number is the right one',
    edits: [
      {
        file: 'actors/driver/identify.ts',
        from: "const serialFits = serial !== '' && (expected === undefined || serial === expected);",
        to: "const serialFits = serial !== '' || expected !== '';",
      },
    ],
    foundBy: ['right device'],
  },
  lonely_reset: {
    title: 'the same person may reset the E-stop twice',
    edits: [
      {
        file: 'machines/site/estop.machine.ts',
        from: 'event.permitted && event.by !== context.requestedBy',
        to: 'event.permitted',
      },
    ],
    foundBy: ['two people'],
  },
  undead_orders: {
    title: 'an order lives on over a lost link',
    edits: [{ file: 'actors/driver/driver.actor.ts', from: "if (to !== 'online') failOrder('LINK_DOWN');", to: '' }],
    foundBy: ['no order', 'power without order'],
  },
  no_trip: {
    title: 'a trip is never asked for',
    edits: [
      { file: 'machines/guard/guard.ts', from: 'trip: before.tripped ? undefined : trip,', to: 'trip: undefined,' },
    ],
    foundBy: ['tripped', 'zero while stopped', 'limits'],
  },
  ever_fresh: {
    title: 'values count as fresh twenty times as long as they may',
    edits: [
      { file: 'site-plan.ts', from: 'fast: of(pollIntervalMs),', to: 'fast: 20 * of(pollIntervalMs),' },
      {
        file: 'site-plan.ts',
        from: 'slow: of(pollIntervalMs * slowEvery),',
        to: 'slow: 20 * of(pollIntervalMs * slowEvery),',
      },
      {
        file: 'site-plan.ts',
        from: 'if (staleAfter[group] <= HARD_BOUNDS.staleMs) continue;',
        to: 'if (staleAfter[group] <= Number.POSITIVE_INFINITY) continue;',
      },
    ],
    foundBy: ['limits'],
  },
} as const satisfies Readonly<Record<string, PlantedDefect>>;

export type PlantedName = keyof typeof PLANTED;
