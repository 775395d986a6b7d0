/** The language of the machine of an order's life. */

/** How the assets that have a share of the order stand, all together. */
export type Shares = {
  /** One has neither written nor refused it yet. */
  readonly open: boolean;
  /** One has written it. */
  readonly wrote: boolean;
  /** One that has written it still carries it out. */
  readonly live: boolean;
  /** All that carry it out have measured its effect. */
  readonly proven: boolean;
  /** How the last of them ended it. */
  readonly end: 'superseded' | 'expired' | 'stopped' | 'failed';
};

export type OrderLifeContext = { readonly shares: Shares; readonly leftMs: number; readonly lifeMs: number };

/** Its id is on the disk: from here on it acts once. */
type Kept = { readonly type: 'KEPT' };
/** Its shares were given to the drivers, who have `leftMs` for an answer. `lifeMs`: how long it may last, its end included. */
type Given = { readonly type: 'GIVEN'; readonly leftMs: number; readonly lifeMs: number };
type Heard = { readonly type: 'HEARD'; readonly shares: Shares };
/** The answer is no; or nobody waits for those any more that have not answered. */
type Refused = { readonly type: 'REFUSED' };
export type OrderLifeEvent = Kept | Given | Heard | Refused;

/** An order is answered within so long of its coming, ms. */
export const ANSWERED_WITHIN_MS = 3500;
