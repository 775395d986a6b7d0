/**
 * From two statuses of a site to the lines that say what changed between them.
 */
import type { AlarmReport } from '../../contracts/reports.ts';
import type { AssetStatus, SiteStatus, TreeNode } from '../../contracts/status.ts';
import { kilowatts } from '../cli/output.ts';

/** `before` is undefined when the site answers for the first time. */
export function changesBetween(before: SiteStatus | undefined, after: SiteStatus): readonly string[] {
  return [
    ...estopChanges(before, after),
    ...brokerChanges(before, after),
    ...after.assets.flatMap((asset) =>
      assetChanges(
        before?.assets.find(({ asset_id }) => asset_id === asset.asset_id),
        asset,
      ),
    ),
    ...alarmChanges(before?.alarms ?? [], after.alarms),
    ...restartChanges(before?.supervisor, after.supervisor),
  ];
}

/** `expired`, `verified` and the like: what became of an order, from the event that the site publishes. */
export function orderLine(event: Readonly<Record<string, unknown>>): string | undefined {
  const { reason, measured_w: measured } = event;
  const [phase, asset, id] = [event['phase'], event['asset_id'] ?? 'site', event['id']].map(String);
  // The first write shows in the status.
  if (phase === 'written' || phase === 'refused') return undefined;
  const power = typeof measured === 'number' ? `, measured ${kilowatts(measured)}` : '';
  const why = typeof reason === 'string' && reason.toLowerCase() !== phase ? ` (${reason})` : '';
  return `${asset}: order ${short(id ?? '')} ${phase}${why}${power}`;
}

function estopChanges(before: SiteStatus | undefined, { estop }: SiteStatus): readonly string[] {
  const was = before?.estop.state;
  if (was === estop.state) return [];
  switch (estop.state) {
    case 'latched':
      return [`E-STOP latched${estop.since === null ? '' : ` since ${estop.since}`}: ${estop.reason ?? 'no reason'}`];
    case 'reset_requested':
      return ['E-stop: one person asks for the reset; another one must confirm it within 120 s'];
    case 'armed':
      return [was === undefined ? 'E-stop armed' : 'E-stop reset: armed again; nothing starts by itself'];
  }
}

function brokerChanges(before: SiteStatus | undefined, { broker }: SiteStatus): readonly string[] {
  const [was, is] = [before?.broker, broker].map((one) => `${one?.kind} ${one?.connected} ${one?.url}`);
  if (was === is) return [];
  if (broker.kind === 'in_process') return ['broker: none on this machine; commands go over the Unix socket and HTTP'];
  return [broker.connected ? `broker connected at ${broker.url}` : 'broker down'];
}

function assetChanges(before: AssetStatus | undefined, asset: AssetStatus): readonly string[] {
  const { asset_id: id, connection, operation, order, trip, maintenance } = asset;
  const lines: string[] = [];
  if (before?.connection !== connection) lines.push(`${id}: connection ${arrow(before?.connection, connection)}`);
  if (before?.operation !== operation) lines.push(`${id}: ${arrow(before?.operation, operation)}`);
  if (order && before?.order?.id !== order.id)
    lines.push(`${id}: order ${short(order.id)} for ${kilowatts(order.w)} until ${order.expires_at}`);
  if (trip && !before?.trip) lines.push(`${id}: TRIPPED: ${trip.cause}`);
  if (!trip && before?.trip) lines.push(`${id}: trip reset`);
  if (maintenance && !before?.maintenance) lines.push(`${id}: tagged out (${maintenance.tag}): ${maintenance.reason}`);
  if (!maintenance && before?.maintenance) lines.push(`${id}: tag removed`);
  return lines;
}

function alarmChanges(before: readonly AlarmReport[], after: readonly AlarmReport[]): readonly string[] {
  const [was, is] = [before, after].map((alarms) => new Set(alarms.map(({ alarm_id }) => alarm_id)));
  return [
    ...after
      .filter(({ alarm_id }) => !was?.has(alarm_id))
      .map((one) => `alarm ${one.severity} ${one.alarm_id}: ${one.message}`),
    ...before.filter(({ alarm_id }) => !is?.has(alarm_id)).map((one) => `alarm ${one.alarm_id} is over`),
  ];
}

function restartChanges(before: TreeNode | undefined, after: TreeNode): readonly string[] {
  const known = new Map(before ? flat(before).map((node) => [node.id, node.restarts]) : []);
  return flat(after)
    .filter(({ id, restarts }) => restarts > (known.get(id) ?? 0))
    .map(({ id, restarts, last_reason }) => `${id} was restarted (${restarts} in all): ${last_reason ?? 'no reason'}`);
}

export function flat(node: TreeNode): readonly TreeNode[] {
  return [node, ...(node.children ?? []).flatMap(flat)];
}

function arrow(from: string | undefined, to: string): string {
  return from === undefined ? to : `${from} → ${to}`;
}

function short(id: string): string {
  return id.length > 12 ? id.slice(0, 8) : id;
}
