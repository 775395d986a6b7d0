/**
 * Writes docs/alarms.md from the table of alarms: `node scripts/generate-alarms.ts`. With `--check` nothing is written, and
 * a file that differs is named with exit code 1.
 */
import path from 'node:path';
import { ALARMS, CHATTER, RESPONSE_MINUTES, SHELVE_MOST_MINUTES } from '../contracts/alarms.ts';
import { keepGenerated } from './generated-file.ts';

const rows = Object.entries(ALARMS).map(
  ([id, { severity, cause, consequence, action, suppressedBy }]) =>
    `| \`${id}\` | ${severity} | ${cause} | ${consequence} | ${action} | ${minutes(RESPONSE_MINUTES[severity])}${suppressedBy ? `; silent while \`${suppressedBy}\` stands` : ''} |`,
);
const shelf = Object.entries(SHELVE_MOST_MINUTES).map(([severity, most]) => `${severity} ${minutes(most)}`);

const text = `# Alarms

Written by \`scripts/generate-alarms.ts\` from \`contracts/alarms.ts\`; do not edit.

Every alarm that bessd can raise: why it comes, what follows when nobody acts, what to do, and within which time. With an asset
the id is \`<asset>.<id>\`. \`*\` stands for the name of a part.

An alarm lives as IEC 62682 / ISA-18.2 describe: unacknowledged, acknowledged, returned (its cause went before anybody
acknowledged it), shelved by a person with a reason for a time (at most ${shelf.join(', ')}; P1 never), suppressed by
design while another one says it already, out of service with an asset that is tagged out for maintenance (P1 never).
One that was raised ${CHATTER.raises} times within ${CHATTER.windowMs / 1000} s returns only after ${CHATTER.windowMs / 1000} s of quiet.
What was acknowledged or shelved is so again after a restart.

\`bessd alarms\` lists them, \`bessd alarms ack ID\`, \`bessd alarms shelve ID --minutes N --reason TEXT\` and
\`bessd alarms unshelve ID\` act on one; so does \`bess.<site>.cmd.alarm\`. Changes are published on \`bess.<site>.alarm\`,
and \`GET /api/v1/alarms\` has \`active\`, \`aside\` (put aside or returned) and \`recent\`. The issuer is recorded, not proven.

| alarm | | cause | consequence | action | act within |
|---|---|---|---|---|---|
${rows.join('\n')}
`;

keepGenerated(path.join(import.meta.dirname, '../docs/alarms.md'), text, 'scripts/generate-alarms.ts');

function minutes(count: number): string {
  if (count % 1440 === 0) return `${count / 1440} d`;
  return count % 60 === 0 ? `${count / 60} h` : `${count} min`;
}
