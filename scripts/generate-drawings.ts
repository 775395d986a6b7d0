/**
 * Draws every machine: `node scripts/generate-drawings.ts` writes docs/machines/*.md, with `--check` it only compares.
 *
 * The drawings are made from the machines and never edited; one that differs is named with exit code 1.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { drawingOf } from '../prover/drawing.ts';
import { SUBJECTS } from '../prover/subjects.ts';

const ROOT = path.dirname(import.meta.dirname);
const FOLDER = 'docs/machines';

const checking = process.argv.includes('--check');
if (!checking) mkdirSync(path.join(ROOT, FOLDER), { recursive: true });
for (const subject of SUBJECTS) {
  const file = `${FOLDER}/${subject.name}.md`;
  const text = drawingOf(subject, roleOf(subject.file));
  if (!checking) writeFileSync(path.join(ROOT, file), text);
  else if (text !== stored(file)) {
    console.error(`${file} differs from ${subject.file}: run node scripts/generate-drawings.ts`);
    process.exitCode = 1;
  }
}

/** The first sentence of the file, which says what the machine decides. */
function roleOf(file: string): string {
  const [, first = ''] = /^\/\*\*\n \* (.*)$/m.exec(readFileSync(path.join(ROOT, file), 'utf8')) ?? [];
  return first;
}

function stored(file: string): string | undefined {
  try {
    return readFileSync(path.join(ROOT, file), 'utf8');
  } catch {
    return undefined; // a file that is not there differs
  }
}
