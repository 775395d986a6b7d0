/** A disk in memory that can refuse, be slow, be damaged, and lose its owner in the middle of a write. */
import type { Clock } from '../../contracts/clock.ts';
import type { OpenSyncedFile } from '../../contracts/ports.ts';

export type FaultyDisk = {
  readonly files: Map<string, string>;
  /** For one incarnation of the runtime: what a dead one still wants to write does not arrive. */
  readonly open: (alive: () => boolean) => OpenSyncedFile;
  /** Whether the file has this in it, or had it at some moment since then. */
  readonly held: (name: string, part: string, sinceMs: number) => boolean;
  refuses: boolean;
  slowMs: number;
};

export function faultyDisk(clock: Clock): FaultyDisk {
  const saves: { readonly name: string; readonly text: string; readonly atMs: number }[] = [];
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
        if (!alive()) return;
        disk.files.set(name, text);
        saves.push({ name, text, atMs: clock.now() });
      },
    }),
    held: (name, part, sinceMs) =>
      (disk.files.get(name) ?? '').includes(part) ||
      saves.some((one) => one.name === name && one.atMs >= sinceMs && one.text.includes(part)),
  };
  return disk;

  async function wait(): Promise<void> {
    if (disk.slowMs > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, disk.slowMs));
  }
}
