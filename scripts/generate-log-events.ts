/**
 * Writes docs/log-events.md from the table of log lines: `node scripts/generate-log-events.ts`. With `--check` nothing is
 * written, and a file that differs is named with exit code 1.
 */
import path from 'node:path';
import { LOG_EVENTS } from '../contracts/log-events.ts';
import type { LogRow } from '../contracts/log-events.ts';
import { keepGenerated } from './generated-file.ts';

const rows = Object.entries(LOG_EVENTS as Readonly<Record<string, LogRow>>).map(
  ([event, { level, fields, says }]) => `| \`${event}\` | ${level} | ${fieldsText(fields)} | ${says} |`,
);

const text = `# Log events

Written by \`scripts/generate-log-events.ts\` from \`contracts/log-events.ts\`; do not edit.

A site logs JSON lines on stderr. Every line has \`time\` (ISO 8601, UTC), \`level\` (20 debug, 30 info, 40 warn, 50 error,
60 fatal), \`site_id\`, \`part\` (the thread it comes from), \`event\` (a name of this table), its fields, and \`msg\`, the
sentence for people. \`LOG_LEVEL\` chooses the least level that is written: \`debug\`, \`info\`, \`warn\` (default), \`error\`,
\`fatal\`, \`silent\`. A name is never used for another kind of line. In texts, passwords and tokens in addresses, values
that are called password, token, secret, key or authorization, and private keys are replaced by \`…\`.

What happened at the site (commands, writes, trips, alarms) is in the record, not here. \`trace_id\` is that of the trace of
a command, the same as in its reply and its events; it is left out where a command has none.

| event | level | fields | meaning |
|---|---|---|---|
${rows.join('\n')}

All lines of one command, from the journal: \`journalctl -u bessd -o cat | grep TRACE_ID\`.
`;

keepGenerated(path.join(import.meta.dirname, '../docs/log-events.md'), text, 'scripts/generate-log-events.ts');

function fieldsText(fields: LogRow['fields']): string {
  return Object.entries(fields)
    .map(([name, kind]) => (kind === 'text' ? `\`${name}\`` : `\`${name}\` (${kind})`))
    .join(', ');
}
