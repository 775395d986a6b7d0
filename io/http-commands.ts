/**
 * `POST /api/v1/<command>`: the commands of NATS under the same names and schemas, in kebab case where they have two
 * words. The emergency stop goes to its own port to control like everywhere else.
 */
import type { FastifyInstance } from 'fastify';
import { COMMANDS } from '../contracts/commands.ts';
import type { CommandName, Origin, Reply } from '../contracts/commands.ts';
import { sendReply } from './http-reply.ts';

const SUMMARIES: Readonly<Record<CommandName, string>> = {
  dispatch: 'Order power from one asset or the site, for a time',
  stop: 'Ramp to zero, then hold',
  estop: 'Emergency stop of the site: a request, not a safety function; anyone may',
  reset_estop: 'Reset the emergency stop; starts nothing',
  reset_trip: 'Reset the trip of one asset',
  maintenance: 'Tag an asset out, so that nothing is written to it, or back in',
  alarm: 'Acknowledge an alarm, shelve it for a time, or take it from the shelf',
  drill: 'Start a commissioning drill on an asset that is tagged out',
  calibrate: 'Allow a gentle charge over the upper limit of the state of charge, for a time',
  accept_firmware: 'Accept the firmware that an asset shows now',
};

export const COMMAND_PATHS: readonly { readonly name: CommandName; readonly path: string; readonly summary: string }[] =
  (Object.keys(COMMANDS) as CommandName[]).map((name) => ({
    name,
    path: `/api/v1/${name.replaceAll('_', '-')}`,
    summary: SUMMARIES[name],
  }));

type Handle = (name: string, body: unknown, origin: Origin, traceparent?: string) => Promise<Reply>;

export function addCommandRoutes(app: FastifyInstance, handle: Handle): void {
  for (const { name, path, summary } of COMMAND_PATHS) {
    app.post(path, { schema: { summary, body: COMMANDS[name] } }, (request, response) =>
      handle(name, request.body, 'http', [request.headers['traceparent']].flat()[0]).then((reply) =>
        sendReply(response, reply),
      ),
    );
  }
}
