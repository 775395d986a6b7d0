/**
 * Every line that bessd logs: its event name, level, fields and meaning, in one table. docs/log-events.md is made from it,
 * and `Log` takes no other name and no other fields, so that whoever searches a log finds every kind of line here.
 */

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** What a field holds. `trace` is the id of the trace of a command, where it has one. */
export type LogField = 'text' | 'number' | 'yes/no' | 'trace';

export type LogRow = {
  readonly level: LogLevel;
  readonly fields: Readonly<Record<string, LogField>>;
  /** The sentence of the line, `msg`. */
  readonly says: string;
};

export const LOG_EVENTS = {
  // The runtime
  defect: {
    level: 'fatal',
    fields: { why: 'text' },
    says: 'an error that belongs to no part; the runtime ends',
  },
  alarm: {
    level: 'warn',
    fields: { alarm_id: 'text', severity: 'text', state: 'text', message: 'text' },
    says: 'a part outside control raised or returned an alarm',
  },
  stopping: {
    level: 'warn',
    fields: {},
    says: 'stopping: devices into their exit state (again to force)',
  },
  data_dir_unwritable: {
    level: 'warn',
    fields: { folder: 'text', why: 'text' },
    says: 'the data directory cannot be made; control runs without a disk',
  },
  old_record_found: {
    level: 'warn',
    fields: { file: 'text', bytes: 'number' },
    says: 'the record of an earlier version is left where it is: it is not read, not sent and not removed',
  },

  // The north
  part_changed: {
    level: 'warn',
    fields: { child: 'text', what: 'text', why: 'text' },
    says: 'a part of the north failed, was restarted or given up for a while',
  },
  north_defect: {
    level: 'error',
    fields: { why: 'text' },
    says: 'an error that belongs to no part of the north',
  },
  command_answered: {
    level: 'info',
    fields: { command: 'text', origin: 'text', id: 'text', code: 'text', took_ms: 'number', trace_id: 'trace' },
    says: 'a command was answered',
  },
  http_failed: {
    level: 'error',
    fields: { method: 'text', path: 'text', why: 'text' },
    says: 'a request over HTTP failed inside bessd',
  },
  broker_chosen: {
    level: 'info',
    fields: { url: 'text' },
    says: 'the broker that the configuration names is used',
  },
  broker_said: {
    level: 'debug',
    fields: { text: 'text' },
    says: 'a line of the nats-server that bessd runs',
  },
  broker_error: {
    level: 'warn',
    fields: { why: 'text' },
    says: 'the broker reported an error on the connection',
  },
  bus_unreachable: {
    level: 'warn',
    fields: { url: 'text', why: 'text' },
    says: 'no connection to the broker; it is tried again, without another line',
  },
  bus_given_up: {
    level: 'warn',
    fields: { url: 'text', why: 'text' },
    says: 'the connection to the broker was given up; a new one is made',
  },
  publish_failed: {
    level: 'warn',
    fields: { subject: 'text', why: 'text' },
    says: 'a message was not published',
  },

  traces_off: {
    level: 'error',
    fields: { why: 'text' },
    says: 'traces cannot be sent as the variables demand; there are none',
  },
  spans_dropped: {
    level: 'warn',
    fields: { spans: 'number', why: 'text', message: 'text' },
    says: 'the collector of traces does not take spans; they are dropped and counted, without another line for minutes',
  },

  // Uplinks
  uplink_failed: {
    level: 'error',
    fields: { uplink: 'text', why: 'text' },
    says: 'the thread of an uplink fails and is started again',
  },
  uplink_offline: {
    level: 'warn',
    fields: { uplink: 'text', why: 'text' },
    says: 'an uplink has no connection to its target',
  },
  uplink_caught_up: {
    level: 'info',
    fields: { uplink: 'text' },
    says: 'an uplink has sent everything that is recorded',
  },
  cursor_unreadable: {
    level: 'warn',
    fields: { uplink: 'text', why: 'text' },
    says: 'where an uplink stood cannot be read; everything that is recorded is sent again',
  },
} as const satisfies Readonly<Record<string, LogRow>>;

export type LogEvent = keyof typeof LOG_EVENTS;

type Values = {
  readonly text: string;
  readonly number: number;
  readonly 'yes/no': boolean;
  readonly trace: string | undefined;
};

export type LogFields<E extends LogEvent> = {
  readonly [F in keyof (typeof LOG_EVENTS)[E]['fields']]: (typeof LOG_EVENTS)[E]['fields'][F] extends keyof Values
    ? Values[(typeof LOG_EVENTS)[E]['fields'][F]]
    : never;
};

/** Writes one line. The level is that of the event. */
export type Log = <E extends LogEvent>(event: E, fields: LogFields<E>) => void;
