/**
 * The checks of `bessd doctor` on a running site, from outside: does it answer, and what do its own words say of its devices,
 * their firmware, what limits them and what nobody watches. Each looks and changes nothing.
 */
import type { AssetStatus, SiteStatus } from '../../contracts/status.ts';
import type { Finding } from './doctor-checks.ts';
import type { SiteLink } from './link.ts';

export async function siteFindings(link: SiteLink): Promise<readonly Finding[]> {
  const reply = await link.request('status', {});
  const check = `site ${link.siteId}`;
  if (!reply.ok) return [{ check, verdict: 'failed', message: `${link.via}: ${reply.code}: ${reply.message}` }];
  return judgeStatus(reply.data as SiteStatus, link.via);
}

export function judgeStatus(status: SiteStatus, via: string): readonly Finding[] {
  const { site, uptime_s, mode, broker, alarms, assets, meters } = status;
  return [
    found(`site ${site}`, mode !== 'safe', `answers over ${via}, up ${Math.round(uptime_s)} s, ${mode}`),
    found(
      `broker of ${site}`,
      broker.kind !== 'in_process' && broker.connected,
      broker.kind === 'in_process'
        ? 'none: no bus to the outside'
        : `${broker.url ?? '?'} ${broker.version ?? ''}`.trim(),
    ),
    ...assets.flatMap(judgeAsset),
    ...meters.map(({ meter_id, connection, quality, firmware }) =>
      found(`meter ${meter_id}`, quality === 'good', `${connection}, ${quality}, firmware ${firmware ?? 'unknown'}`),
    ),
    ...alarms
      .filter(({ severity }) => severity === 'P1' || severity === 'P2')
      .map(({ alarm_id, severity, message }) => found(`alarm ${alarm_id}`, false, `${severity}: ${message}`)),
  ];
}

function judgeAsset({
  asset_id,
  connection,
  operation,
  quality,
  firmware,
  trip,
  maintenance,
  local,
  deadman,
  caps,
  bms,
}: AssetStatus): readonly Finding[] {
  const standing = [
    ...(trip ? [`tripped: ${trip.cause}`] : []),
    ...(maintenance ? [`tagged out: ${maintenance.tag}`] : []),
    ...(local ? ['local control'] : []),
  ];
  const well = connection === 'online' && quality === 'good' && standing.length === 0;
  const state = [connection, operation, quality, `firmware ${firmware ?? 'unknown'}`, ...standing].join(', ');
  return [
    found(`asset ${asset_id}`, well, state),
    ...(bms
      ? [
          found(
            `BMS of ${asset_id}`,
            bms.missing.length === 0,
            bms.missing.length === 0
              ? `${bms.connection}, ${bms.quality}`
              : `${bms.connection}; lacks ${bms.missing.join(', ')}`,
          ),
        ]
      : []),
    found(
      `dead-man of ${asset_id}`,
      deadman.state === 'proven',
      `${deadman.state}, ${deadman.time_s} s, at most ${Math.round(deadman.max_w)} W${deadman.proof ? `, drilled ${deadman.proof.at} by ${deadman.proof.by}` : ''}`,
    ),
    ...caps.map(({ what, why }) => found(`limit of ${asset_id}`, false, `${what}: ${why}`)),
  ];
}

function found(check: string, good: boolean, message: string): Finding {
  return { check, verdict: good ? 'ok' : 'warning', message };
}
