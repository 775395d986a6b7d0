/**
 * Writes docs/metrics.md from the table of metrics: `node scripts/generate-metrics.ts`. With `--check` nothing is written,
 * and a file that differs is named with exit code 1.
 */
import path from 'node:path';
import { BUCKETS, METRICS, NOT_EXPORTED } from '../io/metrics-table.ts';
import type { MetricRow } from '../io/metrics-table.ts';
import { keepGenerated } from './generated-file.ts';

const rows = Object.entries(METRICS as Readonly<Record<string, MetricRow>>).map(
  ([name, { type, labels, unit, meaning }]) =>
    `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(' ')} | ${unit} | ${meaning} |`,
);
const buckets = Object.entries(BUCKETS).map(([name, bounds]) => `- \`${name}\`: ${bounds.join(', ')} s`);
const absent = Object.entries(NOT_EXPORTED).map(([name, why]) => `| \`${name}\` | ${why} |`);

const text = `# Metrics

Written by \`scripts/generate-metrics.ts\` from \`io/metrics-table.ts\`; do not edit.

\`GET /metrics\` of a site, Prometheus text. Every metric carries \`site_id\` besides the labels named here. What is missing
or old is absent, never a number: a state of charge that is not fresh has no series. \`asset_id\` is a device of the site
file, or \`other\`; a label that has had too many values says \`other\` too, so the number of series is bounded.

| name | type | labels | unit | meaning |
|---|---|---|---|---|
${rows.join('\n')}

Upper bounds of the histograms:

${buckets.join('\n')}

## Names of older systems that are not exported

A name without a true source would only show a zero.

| name | why |
|---|---|
${absent.join('\n')}
`;

keepGenerated(path.join(import.meta.dirname, '../docs/metrics.md'), text, 'scripts/generate-metrics.ts');
