/** A throw-away checkout of a few planted files, to see the house rules catch what they are for. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const ROOT = path.resolve(import.meta.dirname, '../..');

export type Planted = Disposable & { readonly root: string };

export function plant(files: Readonly<Record<string, string>>): Planted {
  const root = mkdtempSync(path.join(tmpdir(), 'bessd-house-'));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}

export function withFiles<T>(files: Readonly<Record<string, string>>, look: (root: string) => T): T {
  using planted = plant(files);
  return look(planted.root);
}
