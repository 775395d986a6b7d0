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

export type EstopEvent = Engage | Reset;

/** How long the second person has, ms; the delay `requestLapses` of the machine. */
export const RESET_WINDOW_MS = 120_000;
