/**
 * The one door for commands from outside, whichever way they came: checks the form, replaces the token by its hash,
 * chooses the port to control and hands back the reply.
 *
 * Invariant: control gets only what passed the schema, and never a token.
 */
import { createHash } from 'node:crypto';
import { COMMANDS } from '../contracts/commands.ts';
import type { CommandName, DispatchRequest, Origin, Reply, SiteCommand } from '../contracts/commands.ts';
import { refusal } from '../contracts/faults.ts';
import { parse, problemText } from '../contracts/parse.ts';
import type { Problem } from '../contracts/parse.ts';
import type { AlarmReport } from '../contracts/reports.ts';
import type { SiteStatus } from '../contracts/status.ts';
import type { z } from 'zod';
import type { Follow, Followed } from './command-follow.ts';
import type { ControlLink } from './control-link.ts';
import type { CheckOrder } from './order-signature.ts';

export type Desk = {
  /** Takes anything; answers always. */
  readonly handle: (name: string, body: unknown, origin: Origin, traceparent?: string) => Promise<Reply>;
  readonly status: (origin: Origin, timeoutMs?: number) => Promise<Reply<SiteStatus>>;
};

export type DeskOptions = {
  readonly commands: ControlLink;
  readonly estop: ControlLink;
  /** What only the north knows of the status. */
  readonly broker: () => SiteStatus['broker'];
  readonly ownAlarms: () => readonly AlarmReport[];
  /** Where orders are signed. */
  readonly checkOrder?: CheckOrder | undefined;
  readonly follow?: Follow | undefined;
};

export function createDesk({ commands, estop, broker, ownAlarms, checkOrder, follow }: DeskOptions): Desk {
  const status: Desk['status'] = async (origin, timeoutMs) => {
    const reply = (await commands.request(origin, { name: 'status' }, timeoutMs)) as Reply<SiteStatus>;
    if (!reply.ok) return reply;
    const { alarms, alarms_aside: aside = [] } = reply.data;
    // One that a person has put aside is not shown again because the north knows it too.
    const own = ownAlarms().filter(({ alarm_id }) => !aside.some((one) => one.alarm_id === alarm_id));
    return { ok: true, data: { ...reply.data, broker: broker(), alarms: merged(alarms, own) } };
  };
  return {
    status,
    async handle(name, body, origin, traceparent) {
      if (name === 'status') return await status(origin);
      if (!isCommand(name))
        return badRequest([
          { path: 'name', value: name, expected: `one of status, ${Object.keys(COMMANDS).join(', ')}` },
        ]);
      const link = name === 'estop' ? estop : commands;
      // Before the form is checked, so that a flood costs next to nothing.
      if (link.full()) return refusal('RATE_LIMITED');
      const followed = follow?.(name, body, origin, traceparent);
      const reply = await passOn(link, name, body, origin, followed);
      return followed ? followed.answered(reply) : reply;
    },
  };

  async function passOn(
    link: ControlLink,
    name: CommandName,
    body: unknown,
    origin: Origin,
    followed: Followed | undefined,
  ): Promise<Reply> {
    const parsed = parse<Record<string, unknown>>(COMMANDS[name] as z.ZodType<Record<string, unknown>>, body);
    if (!parsed.ok) return badRequest(parsed.problems);
    const unsigned = name === 'dispatch' ? checkOrder?.(parsed.value as DispatchRequest) : undefined;
    if (unsigned) return unsigned;
    followed?.checked();
    const command = { name, body: untokened(parsed.value) } as SiteCommand;
    return await link.request(origin, command, undefined, followed?.traceparent);
  }
}

/** The refusal that names path, value and expectation of everything that is wrong. */
export function badRequest(problems: readonly Problem[]): Reply<never> {
  const shown = problems.map((problem) => ({ ...problem, value: shownValue(problem) }));
  return refusal('BAD_REQUEST', shown.map(problemText).join('; '), { problems: shown });
}

/** What may be repeated to the sender, as JSON can say it. */
function shownValue({ path, value }: Problem): unknown {
  if (path.endsWith('token') && value !== undefined) return '…';
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

function untokened({ token, ...body }: Record<string, unknown>): Record<string, unknown> {
  if (typeof token !== 'string') return body;
  return { ...body, tokenSha256: createHash('sha256').update(token).digest('hex') };
}

function merged(theirs: readonly AlarmReport[], ours: readonly AlarmReport[]): readonly AlarmReport[] {
  const known = new Set(theirs.map(({ alarm_id }) => alarm_id));
  return [...theirs, ...ours.filter(({ alarm_id }) => !known.has(alarm_id))];
}
