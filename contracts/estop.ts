/** The language of the E-stop machine. */

export type EstopInput = {
  readonly epoch: number;
  /** As the latch file says at start. */
  readonly latched: boolean;
  readonly mode: 'two_person' | 'local_one_person';
};

export type EstopContext = EstopInput & { readonly requestedBy: string | undefined };

type Engage = { readonly type: 'ENGAGE' };
/** `permitted`: the person is who they say, may reset, and no cause stands. */
type Reset = { readonly type: 'RESET'; readonly by: string; readonly permitted: boolean };

/** Every device that can be stopped stands still, or whoever pressed has been told which do not. */
type Stopped = { readonly type: 'STOPPED' };

export type EstopEvent = Engage | Stopped | Reset;

/** How long the second person has, ms; the delay `requestLapses` of the machine. */
export const RESET_WINDOW_MS = 120_000;
/** How long a stop may take before it counts as latched whatever the devices do, ms; the delay `engagesWithin`. */
export const ENGAGES_WITHIN_MS = 3000;
