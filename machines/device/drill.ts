/**
 * The commissioning drill of the dead-man: force a small power, fall silent, and see what the device does by itself (control
 * rules 6). Pure: each poll one observation.
 *
 *   forcing ──power follows, twice──▶ silent ──seen ended | watched in vain──▶ stopping ──zero──▶ over
 *      └──────does not follow in time, or called off──────────────────────────────▲
 *
 * While silent there is no connection, but for a look that only reads, from the declared time on. The time that is found is
 * that of the look at which the power had ended, so it is never too short.
 */

export type DrillPlan = {
  readonly by: string;
  /** Battery power that is forced, W, signed. */
  readonly w: number;
  readonly epoch: number;
  readonly startedAtMs: number;
  /** What the profile declares. */
  readonly timeoutMs: number;
  /** The power must follow within this time. */
  readonly forceWithinMs: number;
  readonly toleranceW: number;
};

export type Finding = {
  readonly result: 'proven' | 'failed' | 'inconclusive';
  /** From the last write that armed it to the look that saw it ended. */
  readonly timeMs: number;
  readonly resultingW: number | undefined;
  readonly why: string;
};

export type Drill = DrillPlan & {
  readonly phase: 'forcing' | 'silent' | 'stopping';
  readonly hits: number;
  readonly armedAtMs: number;
  /** No connection before this moment. */
  readonly lookAtMs: number;
  /** When stopping began. */
  readonly stoppingAtMs: number;
  readonly finding: Finding | undefined;
};

export type DrillLook = {
  readonly nowMs: number;
  readonly powerW: number | undefined;
  /** As the device says; undefined where it does not. */
  readonly forced: boolean | undefined;
  /** Our last complete write of the power. */
  readonly armedAtMs: number;
  /** The device stands as the drill wants it. */
  readonly arrived: boolean;
};

const LOOKS_PER_TIMEOUT = 12;
const SHORTEST_PAUSE_MS = 5000;
/** A device that has not ended the power by then does not end it. */
const WATCH_FACTOR = 2;
const WATCH_EXTRA_MS = 30_000;
const STOP_WITHIN_MS = 60_000;

export function beginDrill(plan: DrillPlan): Drill {
  return {
    ...plan,
    phase: 'forcing',
    hits: 0,
    armedAtMs: plan.startedAtMs,
    lookAtMs: 0,
    stoppingAtMs: 0,
    finding: undefined,
  };
}

/** After this moment nothing may be written for it any more, whatever happened. */
export function drillEndsAtMs({ startedAtMs, forceWithinMs, timeoutMs }: DrillPlan): number {
  return startedAtMs + forceWithinMs + WATCH_FACTOR * timeoutMs + 2 * WATCH_EXTRA_MS + STOP_WITHIN_MS;
}

/** One poll later; undefined when the drill is over. */
export function lookAtDrill(drill: Drill, look: DrillLook): Drill | undefined {
  switch (drill.phase) {
    case 'forcing':
      return force(drill, look);
    case 'silent':
      return watch(drill, look);
    case 'stopping': {
      const still = look.powerW !== undefined && Math.abs(look.powerW) <= drill.toleranceW;
      const late = look.nowMs - drill.stoppingAtMs >= STOP_WITHIN_MS;
      return (look.arrived && still) || late ? undefined : drill;
    }
  }
}

/** Ends it early; what is forced is stopped first. */
export function callOff(drill: Drill, why: string, nowMs: number): Drill {
  if (drill.phase === 'stopping') return drill;
  return stop(drill, { result: 'inconclusive', timeMs: 0, resultingW: undefined, why }, nowMs);
}

function force(drill: Drill, { nowMs, powerW, arrived, armedAtMs }: DrillLook): Drill {
  const follows = arrived && powerW !== undefined && Math.abs(powerW - drill.w) <= drill.toleranceW;
  const hits = follows ? drill.hits + 1 : 0;
  if (hits >= 2) return { ...drill, hits, phase: 'silent', armedAtMs, lookAtMs: armedAtMs + drill.timeoutMs };
  if (nowMs - drill.startedAtMs < drill.forceWithinMs) return { ...drill, hits };
  return callOff(drill, `the battery does not follow ${drill.w} W, so that nothing can be seen to end`, nowMs);
}

function watch(drill: Drill, { nowMs, powerW, forced }: DrillLook): Drill {
  const { armedAtMs, timeoutMs, w, toleranceW } = drill;
  const timeMs = nowMs - armedAtMs;
  if (timeMs < timeoutMs) return drill;
  const ended = forced === undefined ? powerW !== undefined && Math.abs(powerW - w) > toleranceW : !forced;
  const why = ended ? 'the device ended the power by itself' : 'the device did not end the power by itself';
  if (ended && powerW !== undefined) return stop(drill, { result: 'proven', timeMs, resultingW: powerW, why }, nowMs);
  if (timeMs >= WATCH_FACTOR * timeoutMs + WATCH_EXTRA_MS)
    return stop(drill, { result: 'failed', timeMs, resultingW: powerW, why }, nowMs);
  return { ...drill, lookAtMs: nowMs + Math.max(SHORTEST_PAUSE_MS, timeoutMs / LOOKS_PER_TIMEOUT) };
}

function stop(drill: Drill, finding: Finding, nowMs: number): Drill {
  return { ...drill, phase: 'stopping', stoppingAtMs: nowMs, finding };
}
