/** The guard, its permits, the latches, and who else changes the devices. */
import { ANY_IS_BAD, YES_IS_BAD } from './colours.ts';
import type { Dashboard } from './panels.ts';

export const safety: Dashboard = {
  uid: 'bessd-safety',
  title: 'bessd: safety',
  description: 'The guard, its permits, the latches, and who else changes the devices.',
  rows: [
    {
      title: 'Latches',
      panels: [
        {
          title: 'Emergency stop latched',
          kind: 'stat',
          width: 6,
          words: YES_IS_BAD,
          queries: [{ expr: 'bess_estop_latched{site_id="$site"}', legend: '' }],
        },
        {
          title: 'Tripped',
          kind: 'stat',
          width: 6,
          words: YES_IS_BAD,
          queries: [{ expr: 'bess_trip_latched{site_id="$site"}' }],
        },
        {
          title: 'Age of the last permit',
          kind: 'stat',
          width: 6,
          unit: 's',
          steps: [
            [null, 'green'],
            [5, 'orange'],
            [10, 'red'],
          ],
          queries: [{ expr: 'bess_permit_age_seconds{site_id="$site"}' }],
        },
        {
          title: 'Permits lapsed, a day',
          kind: 'stat',
          width: 6,
          steps: ANY_IS_BAD,
          queries: [{ expr: 'increase(bess_permit_lapses_total{site_id="$site"}[1d])' }],
        },
      ],
    },
    {
      title: 'Permits',
      panels: [
        {
          title: 'What the guard allows',
          kind: 'timeseries',
          width: 12,
          unit: 'kwatt',
          queries: [
            { expr: 'bess_permit_discharge_kw{site_id="$site"}', legend: '{{asset_id}} discharge' },
            { expr: '-bess_permit_charge_kw{site_id="$site"}', legend: '{{asset_id}} charge' },
          ],
        },
        {
          title: 'Why it is less',
          kind: 'state-timeline',
          width: 12,
          queries: [{ expr: 'bess_permit_reason{site_id="$site"}', legend: '{{asset_id}} {{reason}}' }],
        },
        {
          title: 'Blocks an hour',
          kind: 'timeseries',
          width: 12,
          queries: [
            {
              expr: 'sum by (asset_id, reason) (increase(bess_safety_blocks_total{site_id="$site"}[1h]))',
              legend: '{{asset_id}} {{reason}}',
            },
            { expr: 'increase(bess_guard_blocks_total{site_id="$site"}[1h])', legend: '{{asset_id}}, all reasons' },
          ],
        },
        {
          title: 'From telemetry to permit',
          kind: 'timeseries',
          width: 12,
          unit: 's',
          queries: [
            {
              expr: 'histogram_quantile(0.5, sum by (le) (rate(bess_guard_latency_seconds_bucket{site_id="$site"}[$__rate_interval])))',
              legend: 'half',
            },
            {
              expr: 'histogram_quantile(0.999, sum by (le) (rate(bess_guard_latency_seconds_bucket{site_id="$site"}[$__rate_interval])))',
              legend: '99.9 %',
            },
          ],
        },
      ],
    },
    {
      title: 'Others',
      panels: [
        {
          title: 'Anomalies an hour',
          kind: 'timeseries',
          width: 12,
          queries: [
            {
              expr: 'sum by (asset_id, reason) (increase(bess_ids_alerts_total{site_id="$site"}[1h]))',
              legend: '{{asset_id}} {{reason}}',
            },
          ],
        },
        {
          title: 'Registers that others changed, an hour',
          kind: 'timeseries',
          width: 12,
          queries: [{ expr: 'increase(bess_foreign_changes_total{site_id="$site"}[1h])' }],
        },
      ],
    },
  ],
};
