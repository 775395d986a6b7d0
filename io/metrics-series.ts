/**
 * The series behind the table of metrics, and the bound on their number.
 *
 * Invariant: whatever is reported, a label has at most `mostValues` values, and what is beyond is counted as `other`.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { BUCKETS, METRICS } from './metrics-table.ts';
import type { LabelsOf, MetricName, MetricRow, Named } from './metrics-table.ts';

export type Series = {
  readonly inc: <N extends Named<'counter'>>(name: N, labels: LabelsOf<N>, by?: number) => void;
  /** Undefined and null show nothing: what is missing is missing. */
  readonly set: <N extends Named<'gauge'>>(name: N, labels: LabelsOf<N>, value: number | null | undefined) => void;
  readonly remove: <N extends Named<'gauge'>>(name: N, labels: LabelsOf<N>) => void;
  readonly observe: <N extends Named<'histogram'>>(name: N, labels: LabelsOf<N>, value: number) => void;
  /** Forgets every series of these metrics. */
  readonly clear: (...names: readonly MetricName[]) => void;
  readonly text: () => Promise<string>;
  readonly contentType: string;
  readonly names: () => readonly string[];
};

const OTHER = 'other';
/** Beside the devices: alarms, reasons, supervised parts. */
const VALUES_BESIDE = 64;
const LONGEST_VALUE = 64;

export function createSeries(siteId: string, deviceIds: readonly string[]): Series {
  const registry = new Registry();
  registry.setDefaultLabels({ site_id: siteId });
  const all = new Map(
    Object.entries(METRICS as Readonly<Record<string, MetricRow>>).map(([name, row]) => [
      name,
      collector(registry, name, row),
    ]),
  );
  const bounded = boundLabels(deviceIds);
  const find = <C>(kind: abstract new (...args: never[]) => C, name: string): C => {
    const found = all.get(name);
    if (!(found instanceof kind)) throw new Error(`${name} is another kind of metric`);
    return found;
  };
  return {
    inc: (name, labels, by = 1) => find(Counter, name).inc(bounded(name, labels), by),
    set(name, labels, value) {
      if (typeof value === 'number' && Number.isFinite(value)) find(Gauge, name).set(bounded(name, labels), value);
    },
    remove: (name, labels) => find(Gauge, name).remove(bounded(name, labels)),
    observe: (name, labels, value) => find(Histogram, name).observe(bounded(name, labels), value),
    clear(...names) {
      for (const name of names) {
        const found = all.get(name);
        found?.reset();
        // A metric without labels stays at 0 after a reset, and 0 is a value.
        if (METRICS[name].labels.length === 0 && found instanceof Gauge) found.remove();
      }
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
    names: () => [...all.keys()],
  };
}

function collector(
  registry: Registry,
  name: string,
  { type, labels, meaning }: MetricRow,
): Counter | Gauge | Histogram {
  const options = { name, help: meaning, labelNames: [...labels], registers: [registry] };
  switch (type) {
    case 'counter':
      return new Counter(options);
    case 'gauge': {
      const gauge = new Gauge(options);
      if (labels.length === 0) gauge.remove();
      return gauge;
    }
    case 'histogram':
      return new Histogram({ ...options, buckets: [...BUCKETS[name as Named<'histogram'>]] });
  }
}

function boundLabels(
  deviceIds: readonly string[],
): (name: string, labels: Readonly<Record<string, string>>) => Record<string, string> {
  const devices = new Set([...deviceIds, '']);
  const mostValues = VALUES_BESIDE + 2 * deviceIds.length;
  const seen = new Map<string, Set<string>>();
  const bound = (name: string, label: string, value: string): string => {
    if (label === 'asset_id') return devices.has(value) ? value : OTHER;
    const key = `${name} ${label}`;
    const known = seen.get(key) ?? new Set();
    seen.set(key, known);
    if (known.has(value)) return value;
    if (known.size >= mostValues || value.length > LONGEST_VALUE) return OTHER;
    known.add(value);
    return value;
  };
  return (name, labels) =>
    Object.fromEntries(Object.entries(labels).map(([label, value]) => [label, bound(name, label, value)]));
}
