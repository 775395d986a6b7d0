/**
 * Replies over HTTP: one body shape for everything, and the status that says the same as its code.
 */
import type { FastifyReply } from 'fastify';
import type { Reply } from '../contracts/commands.ts';
import type { Code } from '../contracts/faults.ts';

/** Codes that are not named here come from a wrong state of the site: 409. */
const STATUS: Partial<Record<Code, number>> = {
  BAD_REQUEST: 400,
  NOT_AUTHORISED: 403,
  READ_ONLY: 403,
  UNKNOWN_ASSET: 404,
  EXPIRED: 422,
  LIMIT: 422,
  RATE_LIMITED: 429,
  WRITE_BUDGET: 429,
  DEVICE_REFUSED: 502,
  LINK_DOWN: 503,
  STALE: 503,
  NOT_READY: 503,
  RECORD_UNAVAILABLE: 503,
  CONTROL_SILENT: 504,
};

export function httpStatusOf(reply: Reply): number {
  return reply.ok ? 200 : (STATUS[reply.code] ?? 409);
}

export function sendReply(response: FastifyReply, reply: Reply): FastifyReply {
  return response.code(httpStatusOf(reply)).send(reply);
}
