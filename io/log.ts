/**
 * The log: JSON lines on stderr (stdout belongs to the answers of commands). `LOG_LEVEL` chooses how much; default warn.
 */
import { destination, pino, stdTimeFunctions } from 'pino';

export type Log = {
  readonly debug: (message: string) => void;
  readonly info: (message: string) => void;
  readonly warn: (message: string) => void;
  readonly error: (message: string) => void;
};

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

export function openLog(part: string, siteId: string, level: string | undefined = process.env['LOG_LEVEL']): Log {
  const known = level !== undefined && LEVELS.includes(level) ? level : 'warn';
  const options = { level: known, base: { site_id: siteId, part }, timestamp: stdTimeFunctions.isoTime };
  return pino(options, destination({ dest: 2, sync: true }));
}
