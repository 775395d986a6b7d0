// deadline: 120 s
/**
 * A sample of the generated E-stop scenarios against real processes: the way up to the first wait of 120 s, with a kill -9
 * of the runtime in the middle, which may change nothing.
 */
import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseScenarios } from '../../prover/paths.ts';
import { estopStateOf, estopStep } from '../prove/estop-way.ts';
import { ended, realSite } from './real-site.ts';

const OPERATORS = ['ana', 'ben'].map((name) => ({
  name,
  role: 'engineer',
  tokenSha256: createHash('sha256').update(`token-of-${name}`).digest('hex'),
}));
const file = readFileSync(new URL('../generated/estop.txt', import.meta.url), 'utf8');

test('E-stop: a real site goes the way of the machine, over HTTP and over a crash', async () => {
  const [scenario] = parseScenarios(file).filter(({ input }) => input === 0);
  const all = scenario?.steps ?? [];
  const wait = all.findIndex(({ event }, at) => 'waitMs' in estopStep(event, all[at - 1]?.outcome));
  const steps = all.slice(0, wait);
  assert.ok(steps.length > 20, `${steps.length} events before the first wait`);
  const crash = steps.findIndex(({ outcome }, at) => at > steps.length / 2 && estopStateOf(outcome) === 'latched');
  await using site = await realSite({ assets: 1, site: { operators: OPERATORS } });
  await site.startRuntime();
  for (const [at, { event, outcome }] of steps.entries()) {
    await happen(event, steps[at - 1]?.outcome);
    const state = estopStateOf(outcome);
    assert.is((await site.get('/api/v1/status')).data.estop.state, state, `step ${at + 1}: ${event} > ${outcome}`);
    if (at !== crash) continue;
    await ended(site.runtime, 'SIGKILL');
    await site.startRuntime();
    assert.is((await site.get('/api/v1/status')).data.estop.state, state, 'a crash changes nothing');
  }

  async function happen(event: string, before?: string): Promise<void> {
    const step = estopStep(event, before);
    if ('press' in step) return void (await site.post('/api/v1/estop', { reason: 'test', issuer: 'anyone' }));
    if ('reset' in step) await reset(step.reset);
  }

  /** A reset that is refused because the battery was not seen to stand still yet is asked for again, as people do. */
  async function reset(issuer: string): Promise<void> {
    const body = { issuer, token: `token-of-${issuer}`, confirmed_safe: true, cause: 'test' };
    await site.until(`an answer to ${issuer}`, 8000, async () => {
      const { body: reply } = await site.post('/api/v1/reset-estop', body);
      return reply.code !== 'CAUSE_STANDS';
    });
  }
});

test.run();
