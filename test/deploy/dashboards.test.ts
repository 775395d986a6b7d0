/** The dashboards: every query is one that Prometheus understands, of metrics and labels that a site exports. */
import { globSync } from 'node:fs';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { METRICS } from '../../io/metrics-table.ts';
import { DASHBOARDS } from '../../scripts/dashboards/all.ts';
import { queriesOf } from '../../scripts/dashboards/panels.ts';
import { programOf, read, ROOT } from './files.ts';
import { namesIn, unknownIn, wrongLabels } from './names.ts';

const promtool = programOf('promtool', 'prometheus');
const exported = new Set(Object.keys(METRICS));

type Drawn = {
  readonly uid: string;
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
  }[];
};
const files = globSync('deploy/grafana/dashboards/*.json', { cwd: ROOT });
const drawn = files.map((file) => JSON.parse(read(file)) as Drawn);

test('site, device, safety and runtime each have a dashboard', () => {
  assert.equal(drawn.map(({ uid }) => uid).toSorted(), ['bessd-device', 'bessd-runtime', 'bessd-safety', 'bessd-site']);
});

test('every query names metrics and labels that exist, of the chosen site only', () => {
  for (const { targets = [] } of drawn.flatMap(({ panels }) => panels)) {
    for (const { expr } of targets) {
      assert.equal(unknownIn(expr, exported), [], expr);
      assert.equal(wrongLabels(expr), [], expr);
      assert.match(expr, /site_id="\$site"/);
    }
  }
});

test('a metric or label that does not exist would be noticed', () => {
  assert.equal(unknownIn('bess_soc_pct + bess_power_kw', exported), ['bess_soc_pct']);
  assert.equal(wrongLabels('bess_cycle_duration_seconds_bucket{quantile="0.99"}'), [
    'bess_cycle_duration_seconds_bucket has no label quantile',
  ]);
});

test('every metric that a site exports is drawn, but for old names', () => {
  const shown = new Set(drawn.flatMap((one) => namesIn(JSON.stringify(one))));
  assert.equal(
    [...exported].filter((name) => !shown.has(name)),
    ['bess_last_soc_percent', 'bess_last_power_kw'],
  );
});

test('no two panels lie over each other', () => {
  for (const { uid, panels } of drawn) {
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)}/${y + Math.floor(at / w)}`),
    );
    assert.is(new Set(cells).size, cells.length, uid);
    assert.is(new Set(panels.map(({ id }) => id)).size, panels.length, uid);
  }
});

test('the panels ask the data source that is provisioned', () => {
  const { datasources } = parse(read('deploy/grafana/provisioning/datasources/bessd.yml')) as {
    datasources: { uid: string; type: string }[];
  };
  const asked = new Set(
    drawn.flatMap(({ panels }) =>
      panels.flatMap(({ targets = [] }) => targets.map(({ datasource }) => datasource.uid)),
    ),
  );
  assert.equal([...asked], [datasources[0]?.uid]);
  const { providers } = parse(read('deploy/grafana/provisioning/dashboards/bessd.yml')) as {
    providers: { options: { path: string } }[];
  };
  assert.ok(read('deploy/README.md').includes(providers[0]?.options.path ?? 'no path'));
});

if (promtool) {
  test('promtool parses every query', () => {
    const queries = DASHBOARDS.flatMap(queriesOf);
    assert.is(queries.length, drawn.flatMap(({ panels }) => panels.flatMap(({ targets = [] }) => targets)).length);
    const folder = mkdtempSync(path.join(tmpdir(), 'bessd-queries-'));
    const file = path.join(folder, 'queries.json');
    // Rules are YAML, and so is JSON.
    const rules = queries.map((expr, at) => ({ record: `query:${at}`, expr }));
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'queries', rules }] }));
    const { code, output } = promtool(['check', 'rules', file]);
    rmSync(folder, { recursive: true });
    assert.is(code, 0, output);
    assert.match(output, new RegExp(`${queries.length} rules found`));
  });
}

test.run();
