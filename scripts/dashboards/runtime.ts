/** The program itself: threads, restarts, bus, uplinks, clock. */
import { NO_IS_BAD } from './colours.ts';
import type { Dashboard } from './panels.ts';

export const runtime: Dashboard = {
  uid: 'bessd-runtime',
  title: 'bessd: runtime',
  description: 'The program itself: threads, restarts, bus, uplinks, clock.',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Version',
          kind: 'stat',
          width: 4,
          queries: [{ expr: 'bess_gateway_info{site_id="$site"}', legend: '{{version}}' }],
        },
        {
          title: 'Up',
          kind: 'stat',
          width: 4,
          unit: 's',
          queries: [{ expr: 'bess_uptime_seconds{site_id="$site"}', legend: '' }],
        },
        {
          title: 'Control last heard',
          kind: 'stat',
          width: 4,
          unit: 's',
          steps: [
            [null, 'green'],
            [3, 'red'],
          ],
          queries: [{ expr: 'bess_control_silence_seconds{site_id="$site"}', legend: '' }],
        },
        {
          title: 'Broker connected',
          kind: 'stat',
          width: 4,
          words: NO_IS_BAD,
          queries: [{ expr: 'bess_broker_connected{site_id="$site"}', legend: '{{kind}}' }],
        },
        {
          title: 'Clock kept',
          kind: 'stat',
          width: 4,
          words: NO_IS_BAD,
          queries: [{ expr: 'bess_clock_synchronised{site_id="$site"}', legend: '' }],
        },
        {
          title: 'Answer to a scrape',
          kind: 'stat',
          width: 4,
          unit: 's',
          queries: [{ expr: 'scrape_duration_seconds{job="bessd", site_id="$site"}', legend: '' }],
        },
      ],
    },
    {
      title: 'Control',
      panels: [
        {
          title: 'Delay of the control thread',
          kind: 'timeseries',
          unit: 's',
          queries: [{ expr: 'bess_event_loop_lag_seconds{site_id="$site"}', legend: 'mean of half a second' }],
        },
        {
          title: 'Memory',
          kind: 'timeseries',
          unit: 'bytes',
          queries: [{ expr: 'bess_resident_memory_bytes{site_id="$site"}', legend: 'resident' }],
        },
        {
          title: 'Restarts an hour',
          kind: 'timeseries',
          queries: [{ expr: 'increase(bess_supervisor_restarts_total{site_id="$site"}[1h]) > 0', legend: '{{child}}' }],
        },
      ],
    },
    {
      title: 'North',
      panels: [
        {
          title: 'Messages that the bus did not take, a minute',
          kind: 'timeseries',
          queries: [{ expr: 'increase(bess_publish_errors_total{site_id="$site"}[1m])', legend: 'dropped' }],
        },
        {
          title: 'Spans of traces, a minute',
          kind: 'timeseries',
          queries: [{ expr: 'increase(bess_trace_spans_total{site_id="$site"}[1m])', legend: '{{outcome}}' }],
        },
        {
          title: 'Reports that wait for an uplink',
          kind: 'timeseries',
          queries: [{ expr: 'bess_outbox_depth{site_id="$site"}', legend: '{{uplink}}' }],
        },
        {
          title: 'State of the uplinks',
          kind: 'state-timeline',
          queries: [{ expr: 'bess_uplink_state{site_id="$site"} == 1', legend: '{{uplink}} {{state}}' }],
        },
      ],
    },
  ],
};
