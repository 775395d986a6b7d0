/**
 * The log: JSON lines on stderr (stdout belongs to the answers of commands), each an event of contracts/log-events.ts.
 * `LOG_LEVEL` chooses how much; default warn.
 *
 * Invariant: whatever text goes into a line, no password, token or private key that it shows comes out.
 */
import { destination, pino, stdTimeFunctions } from 'pino';
import { LOG_EVENTS } from '../contracts/log-events.ts';
import type { Log } from '../contracts/log-events.ts';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

export function openLog(part: string, siteId: string, level: string | undefined = process.env['LOG_LEVEL']): Log {
  const known = level !== undefined && LEVELS.includes(level) ? level : 'warn';
  const options = { level: known, base: { site_id: siteId, part }, timestamp: stdTimeFunctions.isoTime };
  const lines = pino(options, destination({ dest: 2, sync: true }));
  return (event, fields) => {
    const { level: own, says } = LOG_EVENTS[event];
    if (lines.isLevelEnabled(own)) lines[own]({ event, ...withoutSecrets(fields) }, says);
  };
}

function withoutSecrets(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? redacted(value) : value]),
  );
}

/** What messages of other libraries may have in them, with the part that stays readable. */
const SECRETS: readonly (readonly [pattern: RegExp, shown: string])[] = [
  // nats://user:password@host, and nats://token@host
  [/\b([a-z][a-z\d+.-]*:\/\/)[^\s/?#"']*@/gi, '$1…@'],
  [/-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?(?:-----END \1-----|$)/gs, '-----BEGIN $1-----…'],
  [/\b(bearer|basic)\s+[\w.~+/=-]+/gi, '$1 …'],
  [
    /((?:password|passwd|secret|token|api[_-]?key|authorization|credential)s?["']?\s*[:=]\s*)(?:"[^"]*"|'[^']*'|[^\s,;&"'}]+)/gi,
    '$1…',
  ],
];

export function redacted(text: string): string {
  return SECRETS.reduce((left, [pattern, shown]) => left.replace(pattern, shown), text);
}
