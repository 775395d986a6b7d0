/** The trace that comes with a command is in everything that is recorded of it, and changes nothing else. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Reply, SiteCommand } from '../../contracts/commands.ts';
import { virtualSite } from './virtual-site.ts';
import type { VirtualSite } from './virtual-site.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACE = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

test('the events and the audit entries of a traced order have its trace, and control tells when it was decided and given', async () => {
  const site = await virtualSite({ assets: 2 });
  const body = { id: 'o1', w: 20_000, duration_s: 60, issuer: 'test' };
  const reply = await traced(site, { name: 'dispatch', body: { ...body, site_id: siteIdOf(site) } }, TRACE);
  assert.is(reply.ok, true, JSON.stringify(reply));
  await site.run(5000);
  const phases = site.events('command').filter(({ id }) => id === 'o1');
  assert.ok(phases.length >= 4);
  assert.ok(phases.every(({ trace_id }) => trace_id === TRACE_ID));
  const writes = site.reports.flatMap((report) => (report.type === 'AUDIT' ? [report] : []));
  const ofOrder = writes.filter(({ entry }) => entry.order_id === 'o1');
  assert.ok(ofOrder.length > 0 && ofOrder.every(({ entry }) => entry.trace_id === TRACE_ID));
  assert.ok(ofOrder.every(({ took_s }) => took_s !== undefined && took_s > 0));
  const steps = site.reports.flatMap((report) => (report.type === 'TRACE' ? [report.step] : []));
  assert.equal(
    steps.map(({ step }) => step),
    ['permitted', 'given', 'given'],
  );
});

test('a refused order says so as a step; an unsampled one leaves its id and no steps; one without a trace leaves neither', async () => {
  const site = await virtualSite();
  const order = (id: string, w: number): SiteCommand => ({
    name: 'dispatch',
    body: { id, asset_id: 'bess-1', w, duration_s: 60, issuer: 'test' },
  });
  const steps = (): readonly unknown[] =>
    site.reports.flatMap((report) => (report.type === 'TRACE' ? [report.step] : []));
  await traced(site, order('quiet', 1000), TRACE.replace(/01$/, '00'));
  await traced(site, order('plain', 2000), undefined);
  await traced(site, order('odd', 3000), 'not a trace');
  assert.equal(steps(), []);
  const idOf = (wanted: string): unknown => site.events('command').find(({ id }) => id === wanted)?.['trace_id'];
  assert.equal([idOf('quiet'), idOf('plain'), idOf('odd')], [TRACE_ID, undefined, undefined]);
  const refused = await traced(site, { name: 'dispatch', body: { ...bodyOf('bess-9'), id: 'no' } }, TRACE);
  assert.is(!refused.ok && refused.code, 'UNKNOWN_ASSET');
  assert.is((steps()[0] as { code: string }).code, 'UNKNOWN_ASSET');
});

test('the emergency stop and what authorised people do about it have their traces too', async () => {
  const site = await virtualSite({ site: { operators: [] } });
  await traced(site, { name: 'estop', body: { reason: 'test', issuer: 'test' } }, TRACE);
  const latched = site.events('estop').find(({ state }) => state === 'latched');
  assert.is(latched?.['trace_id'], TRACE_ID);
  const reset: SiteCommand = { name: 'reset_estop', body: { issuer: 'test', confirmed_safe: true, cause: 'test' } };
  const other = TRACE.replace(TRACE_ID, 'a'.repeat(32));
  await site.run(5000);
  const reply = await traced(site, reset, other);
  assert.is(reply.ok, true, JSON.stringify(reply));
  const armed = site.events('estop').find(({ state }) => state === 'armed');
  assert.is(armed?.['trace_id'], 'a'.repeat(32));
});

function bodyOf(asset_id: string) {
  return { asset_id, w: 1000, duration_s: 60, issuer: 'test' };
}

function siteIdOf(site: VirtualSite): string {
  return site.site.status().site;
}

async function traced(site: VirtualSite, command: SiteCommand, trace: string | undefined): Promise<Reply> {
  const answers: Reply[] = [];
  site.site.command({ type: 'COMMAND', id: 1, origin: 'socket', command, trace }, (reply) => answers.push(reply));
  for (let waited = 0; answers.length === 0 && waited < 5000; waited += 5) await site.run(5);
  const [answer] = answers;
  if (!answer) throw new Error(`no answer to ${command.name}`);
  return answer;
}

test.run();
