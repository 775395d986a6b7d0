/**
 * Writes the JSON Schemas of profiles, limits, site files and uplink messages, for editors: `node scripts/generate-schemas.ts`.
 *
 * They are derived from the schemas in contracts/ and never edited; with `--check` nothing is written, and a file that
 * differs is named with exit code 1. What a JSON Schema cannot say (references between points, order of limits) is
 * judged by `bessd profile check` and at start.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { limitsSchema } from '../contracts/limits.ts';
import { profileSchema } from '../contracts/profile.ts';
import { siteSchema } from '../contracts/site-config.ts';
import { envelopeSchema } from '../contracts/uplink.ts';

const ROOT = path.dirname(import.meta.dirname);

const FILES: readonly { readonly file: string; readonly title: string; readonly schema: z.ZodType }[] = [
  { file: 'profiles/schema/profile.schema.json', title: 'Device profile of bessd', schema: profileSchema },
  { file: 'profiles/schema/limits.schema.json', title: 'Limits file of bessd', schema: limitsSchema },
  { file: 'deploy/envelope.schema.json', title: 'What a site sends over its uplinks', schema: envelopeSchema },
  { file: 'deploy/site.schema.json', title: 'Site file of bessd', schema: siteSchema },
];

const checking = process.argv.includes('--check');
for (const { file, title, schema } of FILES) {
  const { $schema, ...body } = z.toJSONSchema(schema, { io: 'input' });
  const text = `${JSON.stringify({ $schema, title, ...body }, null, 2)}\n`;
  if (!checking) writeFileSync(path.join(ROOT, file), text);
  else if (text !== stored(file)) {
    console.error(`${file} differs from its schema in contracts/: run node scripts/generate-schemas.ts`);
    process.exitCode = 1;
  }
}

function stored(file: string): string | undefined {
  try {
    return readFileSync(path.join(ROOT, file), 'utf8');
  } catch {
    return undefined; // a file that is not there differs
  }
}
