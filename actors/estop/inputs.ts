/** What the E-stop actor gets from the site. */
import type { LatchRecord } from '../../contracts/latch.ts';
import type { EstopRequested } from '../../contracts/messages.ts';
import type { SyncedFile } from '../../contracts/ports.ts';
import type { SiteConfig } from '../../contracts/site-config.ts';
import type { Board } from '../board.ts';

export type LatchView = { readonly latch: LatchRecord; readonly state: string; readonly saved: boolean };

/**
 * Kept beside the tree, so that an E-stop actor that takes the place of another one is no more lenient: what that one knew
 * may not have reached the disk, and whom it had not answered still waits.
 */
export type EstopMemory = {
  /** As it was last in this process; undefined before it was read. */
  latch: LatchRecord | undefined;
  /** Stops that were asked for and not answered, those included that came while nobody was there. */
  readonly asked: Set<EstopRequested>;
};

export type EstopInputs = {
  readonly site: SiteConfig;
  readonly board: Board;
  readonly file: SyncedFile;
  readonly memory: EstopMemory;
  /** Called on every change, for the status. */
  readonly onLatch: (view: LatchView) => void;
  /** The cause for which an asset tripped still stands, in words; undefined when it is gone. */
  readonly standingCause: (assetId: string) => string | undefined;
};
