/** The language of the two machines that say how the guard stands: for one device, and at the grid connection. */

export type GuardContext = { readonly judged: Judged };

/** A frame was judged. */
export type Judged = {
  readonly type: 'JUDGED';
  readonly charge: boolean;
  readonly discharge: boolean;
  /** An E-stop or a trip stands. */
  readonly latched: boolean;
  /** How long the permit lives, ms. */
  readonly lifeMs: number;
};

export type GridContext = { readonly seen: GridSeen };

/** The assets were weighed against what the grid connection leaves. */
export type GridSeen = {
  readonly type: 'SEEN';
  readonly metered: boolean;
  readonly lost: boolean;
  /** Some permit is smaller for its sake. */
  readonly cutting: boolean;
};
