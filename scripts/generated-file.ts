/** A file that a generator keeps: written, or with `--check` only compared. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export function keepGenerated(file: string, text: string, generator: string): void {
  if (!process.argv.includes('--check')) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  } else if (text !== stored(file)) {
    console.error(`${path.relative(process.cwd(), file)} differs from its source: run node ${generator}`);
    process.exitCode = 1;
  }
}

function stored(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined; // a file that is not there differs
  }
}
