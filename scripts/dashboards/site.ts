/** The site on one screen. */
import { ANY_IS_BAD, HEAT, SOC, YES_IS_BAD } from './colours.ts';
import type { Dashboard } from './panels.ts';

export const site: Dashboard = {
  uid: 'bessd-site',
  title: 'bessd: site',
  description: 'The site on one screen. Positive power is discharge; at a meter positive is import.',
  rows: [
    {
      title: 'Now',
      panels: [
        {
          title: 'Emergency stop latched',
          kind: 'stat',
          width: 4,
          words: YES_IS_BAD,
          queries: [{ expr: 'bess_estop_latched{site_id="$site"}', legend: '' }],
        },
        {
          title: 'Alarms P1 and P2',
          kind: 'stat',
          width: 4,
          steps: ANY_IS_BAD,
          queries: [{ expr: 'sum(bess_alarms_active{site_id="$site", severity=~"P1|P2"})', legend: '' }],
        },
        {
          title: 'Battery power',
          kind: 'stat',
          width: 4,
          unit: 'kwatt',
          queries: [{ expr: 'sum(bess_battery_power_kw{site_id="$site"})', legend: '' }],
        },
        {
          title: 'May charge',
          kind: 'stat',
          width: 4,
          unit: 'kwatt',
          queries: [{ expr: 'sum(bess_permit_charge_kw{site_id="$site"})', legend: '' }],
        },
        {
          title: 'May discharge',
          kind: 'stat',
          width: 4,
          unit: 'kwatt',
          queries: [{ expr: 'sum(bess_permit_discharge_kw{site_id="$site"})', legend: '' }],
        },
        {
          title: 'Devices online',
          kind: 'stat',
          width: 4,
          queries: [{ expr: 'sum(bess_connection_state{site_id="$site", state="online"})', legend: '' }],
        },
      ],
    },
    {
      title: 'Power and charge',
      panels: [
        {
          title: 'AC power',
          kind: 'timeseries',
          width: 12,
          unit: 'kwatt',
          queries: [
            { expr: 'bess_power_kw{site_id="$site"}' },
            { expr: 'bess_order_kw{site_id="$site"}', legend: '{{asset_id}} ordered' },
          ],
        },
        {
          title: 'Grid connection',
          kind: 'timeseries',
          width: 12,
          unit: 'kwatt',
          queries: [{ expr: 'bess_grid_power_kw{site_id="$site"}' }],
        },
        {
          title: 'State of charge',
          kind: 'timeseries',
          width: 12,
          unit: 'percent',
          steps: SOC,
          queries: [{ expr: 'bess_soc_percent{site_id="$site"}' }],
        },
        {
          title: 'Hottest sensor',
          kind: 'timeseries',
          width: 12,
          unit: 'celsius',
          steps: HEAT,
          queries: [{ expr: 'bess_temperature_c{site_id="$site"}' }],
        },
      ],
    },
    {
      title: 'Alarms',
      panels: [
        {
          title: 'Active alarms',
          kind: 'table',
          width: 12,
          queries: [{ expr: 'bess_alarm_active{site_id="$site"} == 1' }],
        },
        {
          title: 'Alarms by severity',
          kind: 'timeseries',
          width: 12,
          queries: [{ expr: 'bess_alarms_active{site_id="$site"}', legend: '{{severity}}' }],
        },
      ],
    },
  ],
};
