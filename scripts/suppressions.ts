/** Every suppressed finding says why on the same line: `oxlint-disable-next-line some-rule -- reason`. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

export type Unexplained = { readonly file: string; readonly line: number; readonly text: string };

const SUPPRESSION = /(?:ox|es)lint-disable|@ts-(?:ignore|nocheck)/;
const EXPLAINED = /(?:ox|es)lint-disable(?:-next-line|-line)? [\w/-]+(?:, [\w/-]+)* -- \S+ \S+/;

export function findUnexplained(root: string): readonly Unexplained[] {
  return globSync('**/*.{ts,mjs}', { cwd: root, exclude: ['node_modules', 'data'] }).flatMap((file) =>
    readFileSync(path.join(root, file), 'utf8')
      .split('\n')
      .map((text, at) => ({ file, line: at + 1, text: text.trim() }))
      .filter(({ text }) => /^(?:\/\/|\/\*)|\s(?:\/\/|\/\*)/.test(text) && SUPPRESSION.test(text))
      .filter(({ text }) => !EXPLAINED.test(text)),
  );
}
