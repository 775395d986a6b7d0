/** The files of deploy/ and docs/runbook/ as the tests read them, and the programs of Prometheus where they are installed. */
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

export const ROOT = path.resolve(import.meta.dirname, '../..');

export const SEVERITIES = ['P1', 'P2', 'P3', 'P4'] as const;

const ruleSchema = z.strictObject({
  alert: z.string().regex(/^BESS[A-Za-z]+$/),
  expr: z.string().min(1),
  for: z.string().optional(),
  labels: z.strictObject({ severity: z.enum([...SEVERITIES, '{{ $labels.severity }}']) }),
  annotations: z.strictObject({ summary: z.string(), description: z.string(), runbook_url: z.string() }),
});
const rulesSchema = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), interval: z.string(), rules: z.array(ruleSchema) })),
});
export type Rule = z.output<typeof ruleSchema>;

export function read(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

export function rules(): readonly Rule[] {
  return rulesSchema
    .parse(parse(read('deploy/prometheus/bessd.rules.yml')))
    .groups.flatMap(({ rules: ofGroup }) => ofGroup);
}

/** The pages by the name of their alert. */
export function runbook(): ReadonlyMap<string, string> {
  return new Map(
    globSync('docs/runbook/BESS*.md', { cwd: ROOT })
      .toSorted()
      .map((file) => [path.basename(file, '.md'), read(file)]),
  );
}

export type Ran = { readonly code: number | null; readonly output: string };

/** Undefined, after saying so, where the program is not installed. */
export function programOf(
  name: string,
  debian: string,
): ((args: readonly string[], input?: string) => Ran) | undefined {
  if (spawnSync(name, ['--version']).error) {
    console.log(`SKIPPED: no ${name} in the path (Debian: ${debian}), so nothing was asked of it`);
    return undefined;
  }
  return (args, input) => {
    const { status, stdout, stderr } = spawnSync(name, args, { cwd: ROOT, encoding: 'utf8', input });
    return { code: status, output: stdout + stderr };
  };
}
