/**
 * Validation at the edge: parse to a typed value, or name path, value and expectation of every problem. Never repair.
 */
import type { z } from 'zod';
import { Fault } from './faults.ts';

/** One problem found in an input. */
export type Problem = { readonly path: string; readonly value: unknown; readonly expected: string };

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

export function parse<T>(schema: z.ZodType<T>, input: unknown): Parsed<T> {
  const result = schema.safeParse(input);
  if (result.success) return { ok: true, value: result.data };
  return {
    ok: false,
    problems: result.error.issues.flatMap((issue) => problemsOf(issue, input)),
  };
}

/** One problem per issue; each unknown key is a problem of its own, at its own path. */
function problemsOf(issue: z.core.$ZodIssue, input: unknown): readonly Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      return { path: pathText(path), value: valueAt(input, path), expected: 'no such key: it is not known here' };
    });
  }
  const expected =
    issue.code === 'invalid_type' ? `a ${issue.expected}` : issue.message.replace(/^Invalid \w+: expected /, '');
  return [{ path: pathText(issue.path), value: valueAt(input, issue.path), expected }];
}

/** Like `parse`, for files and variables: throws CONFIG_INVALID whose message lists every problem, one a line. */
export function parseOrThrow<T>(schema: z.ZodType<T>, input: unknown, source: string): T {
  const parsed = parse(schema, input);
  if (parsed.ok) return parsed.value;
  throw invalid(source, parsed.problems);
}

export function invalid(source: string, problems: readonly Problem[]): Fault {
  const lines = problems.map((problem) => `  ${problemText(problem)}`);
  return new Fault('CONFIG_INVALID', `${source} is invalid:\n${lines.join('\n')}`, { details: { source, problems } });
}

export function problemText({ path, value, expected }: Problem): string {
  const shown = value === undefined ? 'missing' : shorten(JSON.stringify(value) ?? String(value));
  return `${path || '(whole)'}: got ${shown}, expected: ${expected}`;
}

/** `assets[0].modbus.port` */
export function pathText(path: readonly PropertyKey[]): string {
  return path.map((key, at) => (typeof key === 'number' ? `[${key}]` : `${at > 0 ? '.' : ''}${String(key)}`)).join('');
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let at = input;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Record<PropertyKey, unknown>)[key];
  }
  return at;
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
