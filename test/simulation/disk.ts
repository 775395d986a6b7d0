/** A disk in memory that can refuse, be slow, be damaged, and lose its owner in the middle of a write. */
import type { Clock } from '../../contracts/clock.ts';
import type { OpenSyncedFile } from '../../contracts/ports.ts';

export type FaultyDisk = {
  readonly files: Map<string, string>;
  /** For one incarnation of the runtime: what a dead one still wants to write does not arrive. */
  readonly open: (alive: () => boolean) => OpenSyncedFile;
  refuses: boolean;
  slowMs: number;
};

export function faultyDisk(clock: Clock): FaultyDisk {
  const disk: FaultyDisk = {
    files: new Map(),
    refuses: false,
    slowMs: 0,
    open: (alive) => (name) => ({
      load: async () => {
        await wait();
        return disk.files.get(name);
      },
      save: async (text) => {
        await wait();
        if (disk.refuses) throw new Error('the disk refuses');
        if (alive()) disk.files.set(name, text);
      },
    }),
  };
  return disk;

  async function wait(): Promise<void> {
    if (disk.slowMs > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, disk.slowMs));
  }
}
