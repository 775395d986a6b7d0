/** What an answer closes is written before the rest of it is judged and told. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { TelemetryReport } from '../../contracts/reports.ts';
import type { SimulatedAsset } from '../../simulator/asset.ts';
import { virtualSite } from './virtual-site.ts';
import type { VirtualOptions, VirtualSite } from './virtual-site.ts';

/** Where in the record the first stop stands, and the first frame that shows why. */
function places(
  { reports }: VirtualSite,
  since: number,
  shows: (report: TelemetryReport) => boolean,
): { readonly stop: number; readonly frame: number } {
  const at = (is: (report: (typeof reports)[number]) => boolean): number =>
    reports.findIndex((report, index) => index >= since && is(report));
  return {
    stop: at((one) => one.type === 'AUDIT' && one.entry.kind === 'safe' && one.entry.outcome === 'written'),
    frame: at((one) => one.type === 'TELEMETRY' && shows(one.report)),
  };
}

const CASES: readonly {
  readonly title: string;
  readonly options: VirtualOptions;
  readonly change: Parameters<SimulatedAsset['set']>[0];
  readonly shows: (report: TelemetryReport) => boolean;
}[] = [
  {
    title: 'a battery that gets empty under an order, on a device that takes requests at once',
    options: { face: 'sunspec-der', asset: { profile: 'sunspec-704', idle: 'hold' } },
    change: { socPct: 9.9 },
    shows: ({ soc_pct: soc }) => soc !== null && soc <= 10,
  },
  {
    title: 'a pack that gets hot under an order, on a device that wants pauses',
    options: {},
    change: { packTemperaturesC: [52] },
    shows: ({ temperature_c: hottest }) => hottest !== null && hottest >= 50,
  },
];

for (const { title, options, change, shows } of CASES) {
  test(`${title}, is stopped before its frame is judged and told`, async () => {
    const site = await virtualSite(options);
    await site.dispatch(20_000, 300);
    await site.run(5000);
    assert.ok(site.power() > 10_000, String(site.power()));
    const since = site.reports.length;
    site.plants[0]?.set(change);
    await site.run(6000);
    const { stop, frame } = places(site, since, shows);
    assert.ok(stop >= 0 && frame >= 0 && stop < frame, `the stop is report ${stop}, the frame report ${frame}`);
    const ended = site.events('command').filter(({ phase }) => phase === 'stopped');
    assert.equal(
      ended.map(({ reason }) => reason),
      ['LIMIT'],
    );
    assert.ok(Math.abs(site.power()) < 100, String(site.power()));
  });
}

test.run();
