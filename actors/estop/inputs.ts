/** What the E-stop actor gets from the site. */
import type { LatchRecord } from '../../contracts/latch.ts';
import type { SyncedFile } from '../../contracts/ports.ts';
import type { SiteConfig } from '../../contracts/site-config.ts';
import type { Board } from '../board.ts';

export type LatchView = { readonly latch: LatchRecord; readonly state: string; readonly saved: boolean };

export type EstopInputs = {
  readonly site: SiteConfig;
  readonly board: Board;
  readonly file: SyncedFile;
  /** Called on every change, for the status. */
  readonly onLatch: (view: LatchView) => void;
  /** The cause for which an asset tripped still stands, in words; undefined when it is gone. */
  readonly standingCause: (assetId: string) => string | undefined;
};
