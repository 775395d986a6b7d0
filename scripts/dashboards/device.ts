/** One device: its connection, its measurements, its orders. */
import { NO_IS_BAD, SOC, YES_IS_BAD } from './colours.ts';
import type { Dashboard } from './panels.ts';

export const device: Dashboard = {
  uid: 'bessd-device',
  title: 'bessd: device',
  description: 'One device: its connection, its measurements, its orders.',
  byDevice: true,
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'State of charge',
          kind: 'stat',
          width: 4,
          unit: 'percent',
          steps: SOC,
          queries: [{ expr: 'bess_soc_percent{site_id="$site", asset_id="$device"}', legend: '' }],
        },
        {
          title: 'AC power',
          kind: 'stat',
          width: 4,
          unit: 'kwatt',
          queries: [{ expr: 'bess_power_kw{site_id="$site", asset_id="$device"}', legend: '' }],
        },
        {
          title: 'Age of the telemetry',
          kind: 'stat',
          width: 4,
          unit: 's',
          steps: [
            [null, 'green'],
            [5, 'orange'],
            [60, 'red'],
          ],
          queries: [{ expr: 'bess_telemetry_age_seconds{site_id="$site", asset_id="$device"}', legend: '' }],
        },
        {
          title: 'Local control',
          kind: 'stat',
          width: 4,
          words: YES_IS_BAD,
          queries: [{ expr: 'bess_local_control{site_id="$site", asset_id="$device"}', legend: '' }],
        },
        {
          title: 'Tagged out',
          kind: 'stat',
          width: 4,
          words: YES_IS_BAD,
          queries: [{ expr: 'bess_maintenance_active{site_id="$site", asset_id="$device"}', legend: '' }],
        },
        {
          title: 'Dead-man proven',
          kind: 'stat',
          width: 4,
          words: NO_IS_BAD,
          queries: [{ expr: 'bess_deadman_proven{site_id="$site", asset_id="$device"}', legend: '' }],
        },
      ],
    },
    {
      title: 'Connection',
      panels: [
        {
          title: 'State',
          kind: 'state-timeline',
          width: 24,
          height: 5,
          queries: [{ expr: 'bess_connection_state{site_id="$site", asset_id="$device"} == 1', legend: '{{state}}' }],
        },
        {
          title: 'Polls a second',
          kind: 'timeseries',
          queries: [{ expr: 'rate(bess_cycles_total{site_id="$site", asset_id="$device"}[$__rate_interval])' }],
        },
        {
          title: 'Duration of a poll',
          kind: 'timeseries',
          unit: 's',
          queries: [
            {
              expr: 'histogram_quantile(0.5, sum by (le) (rate(bess_cycle_duration_seconds_bucket{site_id="$site", asset_id="$device"}[$__rate_interval])))',
              legend: 'half',
            },
            {
              expr: 'histogram_quantile(0.99, sum by (le) (rate(bess_cycle_duration_seconds_bucket{site_id="$site", asset_id="$device"}[$__rate_interval])))',
              legend: '99 %',
            },
            { expr: 'bess_last_cycle_duration_seconds{site_id="$site", asset_id="$device"}', legend: 'last' },
          ],
        },
        {
          title: 'Failures an hour',
          kind: 'timeseries',
          queries: [
            {
              expr: 'increase(bess_poll_failures_total{site_id="$site", asset_id="$device"}[1h])',
              legend: 'lost in use',
            },
            {
              expr: 'increase(bess_modbus_connect_retries_total{site_id="$site", asset_id="$device"}[1h])',
              legend: 'tried again',
            },
          ],
        },
      ],
    },
    {
      title: 'Measurements and orders',
      panels: [
        {
          title: 'Power',
          kind: 'timeseries',
          width: 12,
          unit: 'kwatt',
          queries: [
            { expr: 'bess_power_kw{site_id="$site", asset_id="$device"}', legend: 'AC' },
            { expr: 'bess_battery_power_kw{site_id="$site", asset_id="$device"}', legend: 'battery' },
            { expr: 'bess_order_kw{site_id="$site", asset_id="$device"}', legend: 'ordered' },
            { expr: 'bess_permit_discharge_kw{site_id="$site", asset_id="$device"}', legend: 'may discharge' },
            { expr: '-bess_permit_charge_kw{site_id="$site", asset_id="$device"}', legend: 'may charge' },
          ],
        },
        {
          title: 'Charge and temperature',
          kind: 'timeseries',
          width: 12,
          queries: [
            { expr: 'bess_soc_percent{site_id="$site", asset_id="$device"}', legend: 'charge, %' },
            { expr: 'bess_temperature_c{site_id="$site", asset_id="$device"}', legend: 'hottest, °C' },
          ],
        },
        {
          title: 'Grid at this meter',
          kind: 'timeseries',
          width: 12,
          queries: [
            { expr: 'bess_grid_voltage_v{site_id="$site", asset_id="$device"}', legend: 'V' },
            { expr: 'bess_grid_frequency_hz{site_id="$site", asset_id="$device"}', legend: 'Hz' },
          ],
        },
        {
          title: 'What became of orders, an hour',
          kind: 'timeseries',
          width: 12,
          queries: [
            {
              expr: 'sum by (phase) (increase(bess_order_phases_total{site_id="$site", asset_id="$device"}[1h]))',
              legend: '{{phase}}',
            },
          ],
        },
      ],
    },
  ],
};
