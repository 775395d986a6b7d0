import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const FOLDER = new URL('../../supervisor/', import.meta.url);

test('the example of the README runs and prints what the README says', () => {
  const readme = readFileSync(new URL('README.md', FOLDER), 'utf8');
  const [code = ''] = blocksOf(readme, 'ts');
  const [printed = ''] = blocksOf(readme, 'text');
  const folder = mkdtempSync(path.join(tmpdir(), 'bessd-readme-'));
  try {
    const file = path.join(folder, 'example.ts');
    writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
    writeFileSync(file, code.replaceAll("from './", `from '${FOLDER.href}`));
    assert.is(execFileSync(process.execPath, [file], { encoding: 'utf8' }), printed);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function blocksOf(markdown: string, language: string): readonly string[] {
  return [...markdown.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, block = '']) => block);
}

test.run();
