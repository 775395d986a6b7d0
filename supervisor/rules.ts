/**
 * OTP's rules for a child that has ended, as plain functions: does it come back, who shares its fate, does the
 * supervisor end with it, was it once too often.
 */
import type { Child } from './child.ts';
import type { Exit } from './exit.ts';
import { RestartWindow } from './intensity.ts';
import type { SupervisorSpec } from './spec.ts';

/** OTP: a temporary child never comes back, a transient one after an abnormal end only. */
export function comesBack({ spec: { restart = 'permanent' } }: Child, { kind }: Exit): boolean {
  return restart === 'permanent' || (restart === 'transient' && kind === 'abnormal');
}

/** OTP: the strategy. In order of start; `all` holds the child. */
export function affectedBy(
  strategy: SupervisorSpec['strategy'],
  child: Child,
  all: readonly Child[],
): readonly Child[] {
  switch (strategy) {
    case 'one_for_one':
      return [child];
    case 'one_for_all':
      return all;
    case 'rest_for_one':
      return all.slice(all.indexOf(child));
  }
}

/** OTP: auto_shutdown, asked when a significant child has ended for good. */
export function endsItself({ autoShutdown = 'never' }: SupervisorSpec, children: readonly Child[]): boolean {
  if (autoShutdown !== 'all_significant') return autoShutdown === 'any_significant';
  return children.every(({ spec, status }) => !spec.significant || status === 'stopped');
}

/** The restarts that are left: of all children together, in quarantine of each child by itself. */
export class RestartBudget {
  readonly #spec: SupervisorSpec;
  readonly #shared: RestartWindow;

  constructor(spec: SupervisorSpec) {
    this.#spec = spec;
    this.#shared = this.#newWindow();
  }

  /** Counts a failure and says whether it is one too many. A child with a backoff has its own count besides. */
  spend(child: Child, nowMs: number): boolean {
    const { quarantine = false } = this.#spec;
    if (quarantine || child.spec.backoff) child.window ??= this.#newWindow();
    const own = child.window?.exceededAt(nowMs) ?? false;
    return quarantine ? own : this.#shared.exceededAt(nowMs);
  }

  /** Restarts that may still be made in the present window; in quarantine, by the child that has the fewest left. */
  leftAt(nowMs: number, children: readonly Child[]): number {
    const own = this.#spec.quarantine ? children.map(({ window }) => window?.leftAt(nowMs) ?? Infinity) : [];
    return Math.min(this.#shared.leftAt(nowMs), ...own);
  }

  #newWindow(): RestartWindow {
    return new RestartWindow(this.#spec.intensity ?? 1, this.#spec.periodMs ?? 5000);
  }
}
