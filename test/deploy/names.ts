/** Which metrics and labels a query or a text names, and whether a site exports them. */
import { METRICS, NOT_EXPORTED } from '../../io/metrics-table.ts';
import type { MetricRow } from '../../io/metrics-table.ts';

const ROWS = METRICS as Readonly<Record<string, MetricRow>>;
const HISTOGRAM_PARTS = /_(?:bucket|sum|count)$/;
/** Of Prometheus itself. */
const ITS_OWN = new Set(['up', 'scrape_duration_seconds', 'ALERTS']);
const ALWAYS = ['site_id', 'job', 'instance', 'le'];

/** Every `bess_…` of a text, histograms by their own name. */
export function namesIn(text: string): readonly string[] {
  return [...new Set((text.match(/\bbess_[a-z0-9_]+\b/g) ?? []).map(family))];
}

function family(name: string): string {
  const base = name.replace(HISTOGRAM_PARTS, '');
  return ROWS[base]?.type === 'histogram' ? base : name;
}

/** Names that no site exports. `alsoAbsent`: the text may speak of those that are not exported on purpose. */
export function unknownIn(text: string, exported: ReadonlySet<string>, alsoAbsent = false): readonly string[] {
  return namesIn(text).filter((name) => !exported.has(name) && !(alsoAbsent && name in NOT_EXPORTED));
}

/** Selectors with a label that their metric does not have, such as a quantile of a histogram. */
export function wrongLabels(expr: string): readonly string[] {
  return [...expr.matchAll(/\b([a-zA-Z_:][\w:]*)\{([^}]*)\}/g)].flatMap(([, name = '', matchers = '']) => {
    const row = ROWS[family(name)];
    if (!row) return ITS_OWN.has(name) ? [] : [`${name} is no metric`];
    const labels = [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map((match) => match[1] ?? '');
    return labels
      .filter((label) => !row.labels.includes(label) && !ALWAYS.includes(label))
      .map((label) => `${name} has no label ${label}`);
  });
}

/** Names of metrics that have at least one series in this exposition. */
export function seriesIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/^([a-z]\w*)[{ ]/gm)].map((match) => family(match[1] ?? '')));
}

export function typesIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/^# TYPE (\w+) /gm)].map((match) => match[1] ?? ''));
}
