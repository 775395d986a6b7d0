/** Fifty devices on one site, of which some are silent and some late: what the others notice of it, which is nothing. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nextPollAt, phaseOf, secondPollAt } from '../../actors/driver/rhythm.ts';
import type { Report } from '../../contracts/reports.ts';
import { virtualSite } from './virtual-site.ts';

const test = suite('many devices');

const DEVICES = 50;
const SILENT = 10;
const LATE = 5;
const PERIOD_MS = 1000;
const SETTLE_MS = 3000;
const WATCH_MS = 12_000;

test('ten silent and five late devices of fifty: the other 35 keep their period to the millisecond, each at its place', async () => {
  const site = await virtualSite({ assets: DEVICES });
  site.plants.forEach((plant, at) => {
    if (at < SILENT) plant.faults.apply({ kind: 'silence', forMs: 1_000_000 });
    else if (at < SILENT + LATE) plant.faults.apply({ kind: 'delay', ms: 700, forMs: 1_000_000 });
  });
  await site.run(SETTLE_MS);
  site.reports.length = 0;
  await site.run(WATCH_MS);
  const polls = beginnings(site.reports);
  for (let at = 0; at < SILENT; at += 1)
    assert.is(polls.get(`bess-${at + 1}`), undefined, 'a silent one shows nothing');
  for (let at = SILENT + LATE; at < DEVICES; at += 1) {
    const times = polls.get(`bess-${at + 1}`) ?? [];
    // The last one may still be under way.
    assert.ok(times.length >= WATCH_MS / PERIOD_MS - 1, `bess-${at + 1}: ${times.length} polls`);
    times.slice(1).forEach((ts, index) => assert.is(ts - (times[index] ?? 0), PERIOD_MS));
  }
  // Fifty places in a second are 20 ms apart: in no 100 ms come more than six of the others.
  const places = [...polls.entries()]
    .filter(([id]) => Number(id.slice(5)) > SILENT + LATE)
    .map(([, times]) => (times[0] ?? 0) % PERIOD_MS);
  for (const place of places) {
    const near = places.filter((other) => (other - place + PERIOD_MS) % PERIOD_MS < 100).length;
    assert.ok(near <= 6, `${near} polls within 100 ms of ${place}`);
  }
});

test('the place in the period follows from the number of the device, and is kept after a late poll and a reconnection', () => {
  assert.equal(
    [0, 1, 2, 3].map((index) => phaseOf(index, 4, 1000)),
    [0, 250, 500, 750],
  );
  const rhythm = { pollIntervalMs: 1000, pollPhaseMs: 250 };
  assert.is(secondPollAt(10_000, rhythm), 11_250, 'not before half a period has passed');
  assert.is(secondPollAt(10_700, rhythm), 11_250);
  assert.is(secondPollAt(10_800, rhythm), 12_250);
  assert.is(nextPollAt(11_250, 11_250, rhythm), 12_250);
  assert.is(nextPollAt(11_250, 13_800, rhythm), 14_250, 'polls that were missed are not made up for');
});

test('a single device keeps the rhythm of its first poll', () => {
  const rhythm = { pollIntervalMs: 1000 };
  assert.is(secondPollAt(10_123, rhythm), 11_123);
  assert.is(nextPollAt(11_123, 11_123, rhythm), 12_123);
  assert.is(nextPollAt(11_123, 13_000, rhythm), 13_001);
});

test.run();

/** When the polls of each device began, ms: a poll ends with its telemetry, and a report of how long it took. */
function beginnings(reports: readonly Report[]): ReadonlyMap<string, readonly number[]> {
  const ended = new Map<string, number>();
  const polls = new Map<string, number[]>();
  for (const report of reports) {
    if (report.type === 'TELEMETRY') ended.set(report.report.asset_id, Date.parse(report.report.ts));
    if (report.type !== 'CYCLE') continue;
    const { asset_id, duration_s } = report;
    const beganAt = (ended.get(asset_id) ?? Number.NaN) - Math.round(duration_s * 1000);
    polls.set(asset_id, [...(polls.get(asset_id) ?? []), beganAt]);
  }
  return polls;
}
