/**
 * Where in a JSON file a value stands: line numbers by path, and keys that stand twice (of which JSON keeps the last).
 *
 * Read by the YAML parser, which keeps positions and takes every JSON text. A path is written as in `Problem.path`.
 */
import { LineCounter, isMap, isScalar, isSeq, parseDocument } from 'yaml';

export type Places = {
  /** The line of a path, else of the nearest path above it that stands in the file. */
  readonly lineOf: (path: string) => number;
  readonly twice: readonly { readonly path: string; readonly value: unknown; readonly line: number }[];
};

export function placesIn(text: string): Places {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false });
  const lineByPath = new Map<string, number>();
  const twice: { path: string; value: unknown; line: number }[] = [];
  visit(document.contents, '', 1);

  return {
    lineOf(path) {
      for (let at = path; at !== ''; at = at.replace(/(\.?[^.[\]]*|\[\d+\])$/, '')) {
        const line = lineByPath.get(at);
        if (line !== undefined) return line;
      }
      return 1;
    },
    twice,
  };

  function visit(node: unknown, path: string, line: number): void {
    lineByPath.set(path, line);
    if (isSeq(node)) node.items.forEach((item, at) => visit(item, `${path}[${at}]`, lineAt(item) ?? line));
    if (!isMap(node)) return;
    for (const { key, value } of node.items) {
      const below = `${path}${path && '.'}${String(plain(key))}`;
      const at = lineAt(key) ?? line;
      if (lineByPath.has(below)) twice.push({ path: below, value: plain(value), line: at });
      visit(value, below, at);
    }
  }

  function lineAt(node: unknown): number | undefined {
    const start = isScalar(node) || isMap(node) || isSeq(node) ? node.range?.[0] : undefined;
    return start === undefined ? undefined : lines.linePos(start).line;
  }
}

function plain(node: unknown): unknown {
  if (isScalar(node)) return node.value;
  return isMap(node) || isSeq(node) ? (node.toJSON() as unknown) : undefined;
}
