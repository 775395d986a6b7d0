/**
 * What can be read over HTTP: health, metrics, status, alarms, recorded telemetry, and the list of all that.
 */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Reply } from '../contracts/commands.ts';
import { refusal } from '../contracts/faults.ts';
import { parse } from '../contracts/parse.ts';
import type { AlarmReport } from '../contracts/reports.ts';
import type { SiteStatus } from '../contracts/status.ts';
import { badRequest } from './command-desk.ts';
import { COMMAND_PATHS } from './http-commands.ts';
import { sendReply } from './http-reply.ts';
import type { Health } from './site-view.ts';

export type TelemetryQuery = {
  readonly asset: string;
  readonly point?: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly limit: number;
};

export type Reads = {
  readonly siteId: string;
  readonly assetIds: readonly string[];
  readonly health: () => Promise<Health>;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  readonly status: () => Promise<Reply<SiteStatus>>;
  readonly alarms: () => {
    readonly active: readonly AlarmReport[];
    readonly recent: readonly AlarmReport[];
    readonly aside: readonly AlarmReport[];
  };
  readonly telemetry: (query: TelemetryQuery) => Promise<Reply>;
  readonly wallMs: () => number;
};

/** A time as ISO 8601, or as ms since 1970. */
const time = z.union(
  [z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)), z.coerce.number().int().min(0)],
  {
    error: 'an ISO 8601 time, such as 2026-01-31T12:00:00Z, or ms since 1970',
  },
);
const MAX_ROWS = 10_000;
const HOUR_MS = 3_600_000;

const telemetryQuery = z
  .strictObject({
    asset: z.string().min(1).max(64),
    point: z.string().min(1).max(128).optional(),
    from: time.optional(),
    to: time.optional(),
    limit: z.coerce.number().int().min(1).max(MAX_ROWS).default(1000),
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    path: ['from'],
    message: 'not after "to"',
  });

const READ_PATHS = [
  ['/health', 'Is the site healthy'],
  ['/metrics', 'Prometheus metrics'],
  ['/api/v1/status', 'Everything about the site now'],
  ['/api/v1/telemetry?asset=', 'Recorded telemetry: asset, from, to, point, limit'],
  ['/api/v1/alarms', 'Active and returned alarms'],
  ['/openapi.json', 'Description of this interface'],
] as const;

export function addReadRoutes(app: FastifyInstance, reads: Reads): void {
  app.get('/health', { schema: { summary: 'Is the site healthy' } }, () => reads.health());
  app.get('/metrics', { schema: { summary: 'Prometheus metrics' } }, async (_request, response) => {
    const { contentType, text } = await reads.metrics();
    return response.type(contentType).serializer(String).send(text);
  });
  app.get('/api/v1/status', { schema: { summary: 'Everything about the site now' } }, async (_request, response) =>
    sendReply(response, await reads.status()),
  );
  app.get('/api/v1/alarms', { schema: { summary: 'Active and returned alarms' } }, () => ({
    ok: true,
    data: reads.alarms(),
  }));
  app.get(
    '/api/v1/telemetry',
    { schema: { summary: 'Recorded telemetry of one asset, the newest hour by default', querystring: telemetryQuery } },
    (request, response) => telemetry(request.query, reads).then((reply) => sendReply(response, reply)),
  );
  app.get('/', { schema: { hide: true } }, (_request, response) =>
    response.type('text/html; charset=utf-8').serializer(String).send(page(reads.siteId)),
  );
}

async function telemetry(query: unknown, reads: Reads): Promise<Reply> {
  const parsed = parse(telemetryQuery, query);
  if (!parsed.ok) return badRequest(parsed.problems);
  const { asset, point, from, to, limit } = parsed.value;
  if (!reads.assetIds.includes(asset))
    return refusal('UNKNOWN_ASSET', `no asset "${asset}"; this site has ${reads.assetIds.join(', ')}`);
  const toMs = to ?? reads.wallMs();
  const fromMs = from ?? toMs - HOUR_MS;
  return await reads.telemetry({ asset, fromMs, toMs, limit, ...(point === undefined ? {} : { point }) });
}

function page(siteId: string): string {
  const rows = [
    ...READ_PATHS.map(([path, what]) => `<tr><td>GET<td><a href="${path}">${path}</a><td>${what}`),
    ...COMMAND_PATHS.map(({ path, summary }) => `<tr><td>POST<td>${path}<td>${summary}`),
  ];
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${siteId}: bessd</title>
<style>body{font:16px/1.5 system-ui;margin:2rem}td{padding:.1rem 1.5rem .1rem 0}</style>
<h1>${siteId}</h1><p>What this site answers to.</p><table>${rows.join('\n')}</table></html>`;
}
