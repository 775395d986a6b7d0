/** A device that has no time now: asked again within the poll as its profile says, and not for ever. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { virtualSite } from './virtual-site.ts';

for (const [title, times, quality] of [
  ['a busy device is asked again within the poll, and nothing is missing', 3, 'good'],
  ['a device that stays busy is not asked for ever: its values are missing until the next poll', 40, 'suspect'],
] as const) {
  test(title, async () => {
    const site = await virtualSite({
      face: 'sunspec-der',
      asset: { profile: 'sunspec-704' },
      profile: (profile) => ({
        ...profile,
        transport: { ...profile.transport, busyRetry: { afterMs: 50, times: 5 } },
      }),
    });
    const before = site.reports.length;
    site.plants[0]?.faults.apply({ kind: 'exception', code: 6, count: times });
    await site.run(4000);
    const seen = site.reports
      .slice(before)
      .flatMap((report) => (report.type === 'TELEMETRY' ? [report.report.quality] : []));
    assert.is(seen.find((one) => one !== 'good') ?? 'good', quality, seen.join(' '));
    assert.is(site.asset().connection, 'online');
  });
}

test.run();
