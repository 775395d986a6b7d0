/** Where the record is measured: on a disk, since the temporary folder of many machines is memory. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';

export function recordDisk(): string {
  const folder = path.join(process.env['BENCH_DIR'] ?? path.join(import.meta.dirname, '..', '..', 'data'), 'bench');
  mkdirSync(folder, { recursive: true });
  return folder;
}
