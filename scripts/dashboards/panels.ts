/**
 * What a dashboard is made of, in as few words as it takes; the JSON of Grafana is made of it.
 *
 * Every query is of one site, chosen above the panels. Panels flow from left to right in a grid of 24 columns.
 */

export type Query = { readonly expr: string; readonly legend?: string };

export type Panel = {
  readonly title: string;
  readonly kind: 'stat' | 'timeseries' | 'state-timeline' | 'table';
  readonly queries: readonly Query[];
  /** Unit of Grafana: `kwatt`, `percent`, `celsius`, `s`, `bytes`, `short`. */
  readonly unit?: string;
  readonly description?: string;
  readonly width?: 3 | 4 | 6 | 8 | 12 | 24;
  readonly height?: number;
  /** From the value on, the colour. */
  readonly steps?: readonly (readonly [from: number | null, colour: string])[];
  /** Words for numbers. */
  readonly words?: Readonly<Record<string, readonly [text: string, colour: string]>>;
};

export type Dashboard = {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** Also one device is chosen. */
  readonly byDevice?: boolean;
  readonly rows: readonly { readonly title: string; readonly panels: readonly Panel[] }[];
};

const COLUMNS = 24;
const DATA_SOURCE = { type: 'prometheus', uid: 'bessd-prometheus' } as const;

export function grafana({ uid, title, description, byDevice = false, rows }: Dashboard): object {
  return {
    uid,
    title,
    description,
    tags: ['bessd'],
    editable: false,
    schemaVersion: 39,
    version: 1,
    refresh: '15s',
    time: { from: 'now-6h', to: 'now' },
    timezone: 'browser',
    templating: {
      list: [
        variable('site', 'Site', 'label_values(bess_gateway_info, site_id)'),
        ...(byDevice
          ? [variable('device', 'Device', 'label_values(bess_cycles_total{site_id="$site"}, asset_id)')]
          : []),
      ],
    },
    annotations: { list: [] },
    links: [
      { title: 'bessd', type: 'dashboards', tags: ['bessd'], asDropdown: true, keepTime: true, includeVars: true },
    ],
    panels: placed(rows),
  };
}

/** The queries as Prometheus gets them, with the variables filled in. */
export function queriesOf({ rows }: Dashboard): readonly string[] {
  return rows.flatMap(({ panels }) =>
    panels.flatMap(({ queries }) =>
      queries.map(({ expr }) =>
        expr.replaceAll('$site', 'S').replaceAll('$device', 'D').replaceAll('$__rate_interval', '1m'),
      ),
    ),
  );
}

function placed(rows: Dashboard['rows']): readonly object[] {
  const all: object[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    all.push({
      id: all.length + 1,
      type: 'row',
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
      panels: [],
    });
    y += 1;
    let x = 0;
    let tallest = 0;
    for (const panel of panels) {
      const { width: w = 8, height: h = panel.kind === 'stat' ? 4 : 8 } = panel;
      if (x + w > COLUMNS) {
        y += tallest;
        x = 0;
        tallest = 0;
      }
      all.push(drawn(panel, all.length + 1, { x, y, w, h }));
      x += w;
      tallest = Math.max(tallest, h);
    }
    y += tallest;
  }
  return all;
}

function drawn(panel: Panel, id: number, gridPos: object): object {
  const { title, kind, queries, unit = 'short', description, steps = [[null, 'green']], words } = panel;
  return {
    id,
    type: kind,
    title,
    ...(description === undefined ? {} : { description }),
    datasource: DATA_SOURCE,
    gridPos,
    targets: queries.map(({ expr, legend }, at) => ({
      refId: String.fromCodePoint(65 + at),
      datasource: DATA_SOURCE,
      expr,
      legendFormat: legend ?? '{{asset_id}}',
      ...(kind === 'table' ? { instant: true, format: 'table' } : {}),
    })),
    fieldConfig: {
      defaults: {
        unit,
        // A gap is a gap: nothing is drawn where nothing is known.
        ...(kind === 'timeseries' ? { custom: { spanNulls: false, lineWidth: 1, fillOpacity: 5 } } : {}),
        noValue: 'unknown',
        thresholds: { mode: 'absolute', steps: steps.map(([value, color]) => ({ value, color })) },
        ...(words ? { mappings: [{ type: 'value', options: mapped(words) }] } : {}),
      },
      overrides: [],
    },
    ...(kind === 'stat'
      ? { options: { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false }, colorMode: 'background' } }
      : {}),
    ...(kind === 'table' ? { transformations: [{ id: 'organize', options: { excludeByName: { Time: true } } }] } : {}),
  };
}

function mapped(words: NonNullable<Panel['words']>): Readonly<Record<string, object>> {
  return Object.fromEntries(
    Object.entries(words).map(([value, [text, color]], index) => [value, { index, text, color }]),
  );
}

function variable(name: string, label: string, query: string): object {
  return {
    name,
    label,
    type: 'query',
    datasource: DATA_SOURCE,
    query: { query, refId: name },
    definition: query,
    refresh: 2,
    sort: 1,
    multi: false,
    includeAll: false,
  };
}
