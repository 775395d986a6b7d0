/**
 * Every metric of a site: name, type, labels, unit and meaning, in one table. docs/metrics.md is made from it, and alert
 * rules, dashboards and documents may name nothing else.
 *
 * All carry `site_id` besides. The number of series is bounded: `asset_id` is a configured device or `other`, and so is any
 * label that has had too many values (io/metrics-series.ts).
 */

export type MetricRow = {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** Empty for pure numbers. */
  readonly unit: string;
  readonly meaning: string;
};

const DEVICE = ['asset_id'] as const;
const NONE = [] as const;

export const METRICS = {
  // Devices
  bess_soc_percent: gauge(DEVICE, '%', 'State of charge'),
  bess_last_soc_percent: gauge(DEVICE, '%', 'State of charge (name kept for older dashboards)'),
  bess_power_kw: gauge(DEVICE, 'kW', 'AC power, positive is discharge'),
  bess_last_power_kw: gauge(DEVICE, 'kW', 'AC power (name kept for older dashboards)'),
  bess_battery_power_kw: gauge(DEVICE, 'kW', 'DC power at the battery, positive is discharge'),
  bess_temperature_c: gauge(DEVICE, '°C', 'Hottest battery temperature'),
  bess_grid_power_kw: gauge(DEVICE, 'kW', 'Power at a meter, positive is import'),
  bess_grid_voltage_v: gauge(DEVICE, 'V', 'Voltage at a meter'),
  bess_grid_frequency_hz: gauge(DEVICE, 'Hz', 'Frequency at a meter'),
  bess_telemetry_age_seconds: gauge(DEVICE, 's', 'Since the last telemetry of a device came'),
  bess_connection_state: gauge(['asset_id', 'state'], '', '1 for the state that the connection to a device is in'),
  bess_local_control: gauge(DEVICE, '', '1 while a device is under local control'),
  bess_maintenance_active: gauge(DEVICE, '', '1 while an asset is tagged out'),
  bess_deadman_proven: gauge(DEVICE, '', '1 when a drill has shown what the device does when bessd falls silent'),
  // Polls
  bess_cycles_total: counter(DEVICE, '', 'Polls of a device'),
  bess_cycle_duration_seconds: histogram(DEVICE, 's', 'Duration of one poll'),
  bess_last_cycle_duration_seconds: gauge(DEVICE, 's', 'Duration of the last poll'),
  bess_poll_failures_total: counter(DEVICE, '', 'Connections that were lost while they were in use'),
  bess_modbus_connect_retries_total: counter(DEVICE, '', 'Connections to a device that failed and were tried again'),
  // Safety
  bess_estop_latched: gauge(NONE, '', '1 while the emergency stop of the site is latched'),
  bess_trip_latched: gauge(DEVICE, '', '1 while an asset is tripped'),
  bess_guard_latency_seconds: histogram(DEVICE, 's', 'From telemetry received to permit or stop issued'),
  bess_permit_age_seconds: gauge(
    DEVICE,
    's',
    'Since the guard last gave a permit, or since the first poll that got none',
  ),
  bess_permit_lapses_total: counter(DEVICE, '', 'Permits that expired although the device answered'),
  bess_permit_charge_kw: gauge(DEVICE, 'kW', 'What the guard allows to charge now; 0 without a live permit'),
  bess_permit_discharge_kw: gauge(DEVICE, 'kW', 'What the guard allows to discharge now; 0 without a live permit'),
  bess_permit_reason: gauge(['asset_id', 'reason'], '', '1 for each reason that narrows the permit now'),
  bess_guard_blocks_total: counter(
    DEVICE,
    '',
    'Times that the guard closed a direction or power was outside the permit, whatever the reasons',
  ),
  bess_safety_blocks_total: counter(
    ['asset_id', 'reason'],
    '',
    'Directions closed by the guard, and power outside the permit',
  ),
  bess_ids_alerts_total: counter(
    ['asset_id', 'reason'],
    '',
    'Anomalies: reported ones, values that the guard doubts, registers that others changed',
  ),
  bess_foreign_changes_total: counter(DEVICE, '', 'Registers that somebody else changed'),
  bess_alarms_active: gauge(['severity'], '', 'Active alarms of the site'),
  bess_alarm_active: gauge(['alarm', 'asset_id', 'severity'], '', '1 for each active alarm'),
  // Orders
  bess_order_kw: gauge(DEVICE, 'kW', 'Power of the order under way, positive is discharge'),
  bess_order_phases_total: counter(
    ['asset_id', 'phase'],
    '',
    'What became of orders: written, verified, expired, failed and so on',
  ),
  // Runtime
  bess_gateway_info: gauge(['version'], '', 'The running version'),
  bess_uptime_seconds: gauge(NONE, 's', 'Since control was started'),
  bess_control_silence_seconds: gauge(
    NONE,
    's',
    'Since the control thread was last heard, or since this thread began to listen',
  ),
  bess_event_loop_lag_seconds: gauge(NONE, 's', 'Delay of the control thread, mean of the last half second'),
  bess_resident_memory_bytes: gauge(NONE, 'bytes', 'Memory of the whole process'),
  bess_supervisor_restarts_total: counter(['child'], '', 'Restarts of a supervised part'),
  bess_clock_synchronised: gauge(
    NONE,
    '',
    '1 when the clock is kept by a time server, 0 when not; absent where nobody says',
  ),
  // North
  bess_broker_connected: gauge(['kind'], '', '1 while the bus has a broker; kind is external, child or in_process'),
  bess_publish_errors_total: counter(NONE, '', 'Messages that the bus did not take'),
  bess_trace_spans_total: counter(
    ['outcome'],
    '',
    'Spans that the collector of traces took (`sent`), and dropped ones: `queue_full`, or `not_taken` by the collector',
  ),
  bess_outbox_depth: gauge(['uplink'], '', 'Reports of the record that an uplink has not delivered'),
  bess_uplink_state: gauge(['uplink', 'state'], '', '1 for the state that an uplink is in'),
} as const satisfies Record<string, MetricRow>;

export type MetricName = keyof typeof METRICS;
export type LabelsOf<N extends MetricName> = Readonly<Record<(typeof METRICS)[N]['labels'][number], string>>;
export type Named<T extends MetricRow['type']> = {
  [N in MetricName]: (typeof METRICS)[N]['type'] extends T ? N : never;
}[MetricName];

/** Upper bounds of the histograms, s. */
export const BUCKETS: Readonly<Record<Named<'histogram'>, readonly number[]>> = {
  bess_cycle_duration_seconds: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  bess_guard_latency_seconds: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5],
};

/** Names of older systems that a site does not export, because nothing here would be their true source. */
export const NOT_EXPORTED: Readonly<Record<string, string>> = {
  bess_ids_anomaly_score: 'needs the anomaly detector; until then `bess_permit_reason` says what the guard doubts',
  bess_onnx_inference_ms: 'needs a model; its name breaks the rule that times are in seconds',
  bess_onnx_dispatch_commands_total: 'no model commands a device',
  bess_vpp_flex_capacity_kw: 'a figure of the fleet',
  bess_vpp_events_published_total: 'no OpenADR',
  bess_fl_rounds_total: 'no federated learning',
  bess_fl_train_loss: 'no federated learning',
  bess_carbon_avoided_kg: 'no source of grid carbon intensity',
  bess_carbon_intensity_g_kwh: 'no source of grid carbon intensity',
  bess_fleet_sites_active: 'a figure of the fleet; count `up` in Prometheus',
  bess_fleet_total_capacity_kwh: 'a figure of the fleet',
  bess_energy_credits_minted_total: 'no energy credits',
  bess_energy_credits_kwh_total: 'no energy credits',
  bess_datalake_rows_published_total: '`bess_outbox_depth` says what an uplink still owes',
};

function gauge<const L extends readonly string[]>(labels: L, unit: string, meaning: string) {
  return { type: 'gauge', labels, unit, meaning } as const;
}

function counter<const L extends readonly string[]>(labels: L, unit: string, meaning: string) {
  return { type: 'counter', labels, unit, meaning } as const;
}

function histogram<const L extends readonly string[]>(labels: L, unit: string, meaning: string) {
  return { type: 'histogram', labels, unit, meaning } as const;
}
