/**
 * Everything that may go on beside the guard: `load.entry.ts HTTP BROKER SITE DATA_DIR SCRATCH`.
 *
 * HTTP and NATS get requests as fast as they are answered, useful ones and nonsense; the record of the running site is
 * copied whole and compacted, over and over; a worker churns memory. Says `loading` when all of it does, and answers each
 * line of input with what was done a second, as JSON.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { connect } from '@nats-io/transport-node';
import { commandSubject, statusSubject } from '../../contracts/subjects.ts';
import { makeBackup } from '../../io/backup.ts';
import { listFiles } from '../../io/record-file.ts';
import type { Done } from './load.ts';

const HTTP_CONNECTIONS = 16;
const NATS_OUTSTANDING = 64;
const PATIENCE_MS = 5000;
const PATHS = ['/api/v1/status', '/health', '/metrics', '/api/v1/alarms', '/api/v1/telemetry?asset=bess-1&point=soc'];
const NONSENSE = JSON.stringify({ id: 'flood', asset_id: 'bess-1', w: 'a lot', duration_s: -1 });

const [http = '', broker = '', siteId = '', dataDir = '', scratch = ''] = process.argv.slice(2);
const counts = { http: 0, nats: 0, copies: 0, churned: 0 };
const startedAtMs = performance.now();

const agent = new Agent({ keepAlive: true, maxSockets: HTTP_CONNECTIONS });
for (let at = 0; at < HTTP_CONNECTIONS; at += 1) void forever(() => askHttp(at));
const nats = await connect({ servers: broker, maxReconnectAttempts: -1 });
for (let at = 0; at < NATS_OUTSTANDING; at += 1) void forever(() => askNats(at));
void forever(copyRecord);
new Worker(new URL('./churn.entry.ts', import.meta.url)).on('message', (megabytes: number) => {
  counts.churned += megabytes;
});
console.log('loading');
createInterface({ input: process.stdin })
  .on('line', () => console.log(JSON.stringify(report())))
  .on('close', () => process.exit(0));

/** Whatever is refused, times out or is broken counts as done: it was a load. */
async function forever(once: () => Promise<void>): Promise<never> {
  for (;;) await once().catch(() => new Promise((resolve) => setTimeout(resolve, 10)));
}

function askHttp(at: number): Promise<void> {
  const nonsense = at % 4 === 0;
  const where = nonsense ? '/api/v1/dispatch' : (PATHS[(at + counts.http) % PATHS.length] ?? '/');
  return new Promise((resolve, reject) => {
    const asked = request(`${http}${where}`, {
      agent,
      method: nonsense ? 'POST' : 'GET',
      headers: nonsense ? { 'content-type': 'application/json' } : {},
    });
    asked.on('error', reject);
    asked.on('response', (response) =>
      response
        .on('error', reject)
        .on('end', () => {
          counts.http += 1;
          resolve();
        })
        .resume(),
    );
    asked.end(nonsense ? NONSENSE : undefined);
  });
}

async function askNats(at: number): Promise<void> {
  const subject = at % 2 === 0 ? statusSubject(siteId) : commandSubject(siteId, 'dispatch');
  await nats.request(subject, at % 2 === 0 ? '' : NONSENSE, { timeout: PATIENCE_MS });
  counts.nats += 1;
}

async function copyRecord(): Promise<void> {
  const into = mkdtempSync(path.join(scratch, 'copy-'));
  try {
    await makeBackup(dataDir, into, Date.now());
    for (const file of listFiles(into)) {
      using db = new DatabaseSync(file.path);
      db.exec('VACUUM');
    }
    counts.copies += 1;
  } finally {
    rmSync(into, { recursive: true, force: true });
  }
}

function report(): readonly Done[] {
  const seconds = (performance.now() - startedAtMs) / 1000;
  return [
    { what: 'HTTP requests', unit: '/s', perSecond: counts.http / seconds },
    { what: 'NATS requests', unit: '/s', perSecond: counts.nats / seconds },
    { what: 'copies of the whole record, compacted', unit: '/s', perSecond: counts.copies / seconds },
    { what: 'memory churned', unit: 'MB/s', perSecond: counts.churned / seconds },
  ];
}
