/**
 * The live view of the demo: one screen of text from what is known, no more lines than the terminal has.
 */
import { stripVTControlCharacters } from 'node:util';
import type { AssetStatus, SiteStatus } from '../../contracts/status.ts';
import { kilowatts, painted, shown, table } from '../cli/output.ts';
import { operationShown } from '../cli/status.ts';
import { flat } from './changes.ts';
import type { DemoOperator } from './site.ts';
import type { Sight } from './watch.ts';

export type View = Sight & {
  readonly siteId: string;
  readonly operators: readonly DemoOperator[];
  readonly pids: Readonly<Record<string, number | undefined>>;
  /** Of the runtime, by the demo. */
  readonly restarts: number;
  /** The newest last. */
  readonly events: readonly string[];
  /** `--site ID ` where more than one site runs here, else empty. */
  readonly siteOption: string;
};

export function screen(view: View, size: { readonly columns: number; readonly rows: number }): string {
  const { siteId, status, pids, events } = view;
  const head = `${painted('bold', `bessd demo  ${siteId}`)}  ${status ? `up ${Math.round(status.uptime_s)} s` : painted('yellow', 'the runtime does not answer')}`;
  const fixed = [
    `${head}  ${painted('dim', 'Ctrl-C ends it')}`,
    ...(status ? siteLines(view, status) : []),
    '',
    ...tryLines(view),
    painted(
      'dim',
      `pids  ${Object.entries(pids)
        .map(([name, pid]) => `${name} ${pid ?? '–'}`)
        .join('  ')}`,
    ),
    '',
  ];
  const rowsOf = (lines: readonly string[]): number =>
    lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(stripVTControlCharacters(line).length / size.columns)), 0);
  let recent = events;
  while (recent.length > 0 && rowsOf(fixed) + rowsOf(recent) > size.rows - 1) recent = recent.slice(1);
  return [...fixed, ...recent].slice(0, Math.max(1, size.rows - 1)).join('\n');
}

function siteLines({ where, restarts }: View, status: SiteStatus): readonly string[] {
  const { estop, broker, alarms, supervisor } = status;
  const nodes = flat(supervisor);
  const guard = nodes.find(({ id }) => id === 'guard')?.status ?? 'unknown';
  const inside = nodes.reduce((sum, node) => sum + node.restarts, 0);
  const stop =
    estop.state === 'armed'
      ? painted('green', 'armed')
      : painted('red', `${estop.state}: ${estop.reason ?? 'no reason given'}`);
  const bus = broker.kind === 'in_process' ? 'none' : broker.connected ? broker.url : painted('red', 'down');
  const alarmText = alarms.map(({ severity, alarm_id }) => `${severity} ${alarm_id}`).join(', ');
  return [
    `E-stop  ${stop}`,
    `guard   ${guard === 'running' ? painted('green', guard) : painted('red', guard)}   restarts  ${inside} inside, ${restarts} of the runtime`,
    `HTTP    ${where?.http ?? '–'}   broker  ${bus ?? '–'}`,
    `alarms  ${alarms.length === 0 ? 'none' : painted('yellow', alarmText)}`,
    '',
    ...table([
      ['battery', 'SOC', 'battery power', 'temperature', 'may charge', 'may discharge', 'state'],
      ...status.assets.map(row),
    ]).split('\n'),
  ];
}

function row(asset: AssetStatus): readonly string[] {
  const { asset_id, connection, permit, order, trip } = asset;
  const doing = order ? ` ${kilowatts(order.w)} until ${order.expires_at.slice(11, 19)}Z` : '';
  const state = trip ? painted('red', `tripped: ${trip.cause}`) : `${connection}, ${operationShown(asset)}${doing}`;
  return [
    asset_id,
    shown(asset.soc_pct, '%'),
    kilowatts(asset.battery_power_w),
    shown(asset.temperature_c, '°C'),
    kilowatts(permit.max_charge_w),
    kilowatts(permit.max_discharge_w),
    state,
  ];
}

/** What can be done now, ready to be copied. */
function tryLines({ status, operators, siteOption }: View): readonly string[] {
  const first = status?.assets[0]?.asset_id ?? 'bess-1';
  const latched = status !== undefined && status.estop.state !== 'armed';
  const commands = latched
    ? operators.map((one) => resetCommand(one, siteOption))
    : [
        `npx bessd dispatch ${siteOption}--asset ${first} --w 20000 --duration 60`,
        `npx bessd dispatch ${siteOption}--all --w -30000 --duration 60`,
        `npx bessd estop ${siteOption}--reason "trying it"`,
      ];
  const what = latched ? 'two persons reset it, in another terminal:' : 'try in another terminal, in this folder:';
  return [what, ...commands.map((command) => `  ${painted('bold', command)}`)];
}

export function resetCommand({ name, token }: DemoOperator, siteOption: string): string {
  return `npx bessd reset-estop ${siteOption}--issuer ${name} --token ${token} --cause "tried it" --confirmed-safe`;
}
