/**
 * Which assets wait for their grid to have been inside its window for long enough, noted on the disk beside everything
 * else, so that a restart of the whole runtime does not end the wait (control rules 3).
 *
 * Fails closed: until the note has been read, and where it cannot be read, every asset waits, for the full time from its
 * first frame on. A note that was never written is that of a site which has never seen its grid outside.
 */
import { gridNoteSchema } from '../contracts/latch.ts';
import { parse } from '../contracts/parse.ts';
import type { SyncedFile } from '../contracts/ports.ts';
import { UNJUDGED } from '../machines/guard/guard.ts';
import type { GuardState } from '../machines/guard/guard.ts';

export type GridNote = {
  /** The asset was judged; a change is noted. */
  readonly follow: (assetId: string) => void;
};

/** `states` are the guard's own, empty as yet. */
export function openGridNote(file: SyncedFile, states: Map<string, GuardState>, assetIds: readonly string[]): GridNote {
  /** Those that wait according to the disk; undefined while that is not known. */
  let noted: Set<string> | undefined;
  for (const id of assetIds) states.set(id, { ...UNJUDGED, gridInsideSinceMs: Number.POSITIVE_INFINITY });
  void file.load().then(
    (text) => {
      noted = new Set(waitingIn(text, assetIds));
      for (const id of assetIds) if (!noted.has(id)) release(id);
    },
    () => (noted = new Set()),
  );
  return {
    follow(assetId) {
      const waits = states.get(assetId)?.gridInsideSinceMs !== undefined;
      if (!noted || noted.has(assetId) === waits) return;
      const before = noted;
      noted = new Set(before).add(assetId);
      if (!waits) noted.delete(assetId);
      // One that is not on the disk is tried again with the next judgement.
      file.save(JSON.stringify({ version: 1, waiting: [...noted] })).catch(() => (noted = before));
    },
  };

  /** Only one that was not judged yet: its grid may have been seen outside meanwhile. */
  function release(assetId: string): void {
    const state = states.get(assetId);
    if (state?.seen === UNJUDGED.seen) states.set(assetId, { ...state, gridInsideSinceMs: undefined });
  }
}

function waitingIn(text: string | undefined, assetIds: readonly string[]): readonly string[] {
  if (text === undefined) return [];
  try {
    const note = parse(gridNoteSchema, JSON.parse(text));
    return note.ok ? note.value.waiting : assetIds;
  } catch {
    return assetIds; // a note that was cut short says nothing about anybody
  }
}
