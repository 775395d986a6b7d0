/**
 * A disk in memory that can refuse, be slow, be damaged, and lose its owner in the middle of a write. As on the real one, saves
 * of one file go one after the other, and one that a later one overtakes while it waits is done with that (`io/synced-file.ts`).
 */
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

type Queue = { next: { text: string; readonly done: PromiseWithResolvers<void> } | undefined; running: boolean };

export function faultyDisk(clock: Clock): FaultyDisk {
  const saves: { readonly name: string; readonly text: string; readonly atMs: number }[] = [];
  const disk: FaultyDisk = {
    files: new Map(),
    refuses: false,
    slowMs: 0,
    open: (alive) => {
      const queues = new Map<string, Queue>();
      return (name) => ({
        load: async () => {
          await wait();
          return disk.files.get(name);
        },
        save: (text) => {
          const queue = queues.get(name) ?? { next: undefined, running: false };
          queues.set(name, queue);
          queue.next ??= { text, done: Promise.withResolvers<void>() };
          queue.next.text = text;
          const { promise } = queue.next.done;
          if (!queue.running) void drain(name, queue, alive);
          return promise;
        },
      });
    },
    held: (name, part, sinceMs) =>
      (disk.files.get(name) ?? '').includes(part) ||
      saves.some((one) => one.name === name && one.atMs >= sinceMs && one.text.includes(part)),
  };
  return disk;

  async function drain(name: string, queue: Queue, alive: () => boolean): Promise<void> {
    queue.running = true;
    while (queue.next) {
      const { text, done } = queue.next;
      queue.next = undefined;
      await save(name, text, alive).then(done.resolve, done.reject);
    }
    queue.running = false;
  }

  async function save(name: string, text: string, alive: () => boolean): Promise<void> {
    await wait();
    if (disk.refuses) throw new Error('the disk refuses');
    if (!alive()) return;
    disk.files.set(name, text);
    saves.push({ name, text, atMs: clock.now() });
  }

  async function wait(): Promise<void> {
    if (disk.slowMs > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, disk.slowMs));
  }
}
