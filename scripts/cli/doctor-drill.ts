/**
 * `bessd doctor --drill deadman`: starts the commissioning drill on an asset that is tagged out, waits for its end, and says
 * what was found. Exit 0 when the dead-man is proven, 1 otherwise.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Reply } from '../../contracts/commands.ts';
import type { AssetStatus, SiteStatus } from '../../contracts/status.ts';
import { finish, tokenOf } from './command.ts';
import type { SiteOptions } from './command.ts';
import { openLink } from './link.ts';
import type { SiteLink } from './link.ts';
import { UsageError } from './usage.ts';

export type DrillOptions = SiteOptions & { readonly drill: string; readonly asset?: string; readonly token?: string };

const LOOK_EVERY_MS = 1000;

export async function drill(options: DrillOptions): Promise<void> {
  const { asset, issuer, drill: what, json } = options;
  if (what !== 'deadman') throw new UsageError(`--drill: got ${what}, expected deadman`);
  if (asset === undefined) throw new UsageError('--asset: got nothing, expected the asset on which to do the drill');
  await using link = await openLink(options);
  const started = await link.request('drill', { asset_id: asset, what, issuer, ...tokenOf(options) });
  if (!started.ok) return finish(started, options, () => '');
  const { w, ends_within_s: withinS } = started.data as { w: number; ends_within_s: number };
  if (!json) console.error(`${asset}: ${w} W are forced, then bessd falls silent; at most ${Math.round(withinS)} s`);
  const { deadman, maintenance } = await untilOver(link, asset, withinS);
  if (deadman.state !== 'proven') process.exitCode = 1;
  const reply: Reply = { ok: true, data: { asset_id: asset, ...deadman } };
  finish(reply, options, () => told(asset, deadman, maintenance !== null));
}

async function untilOver(link: SiteLink, asset: string, withinS: number): Promise<AssetStatus> {
  let phase: string | undefined;
  for (let left = (withinS * 1000) / LOOK_EVERY_MS + 30; ; left -= 1) {
    const reply = await link.request('status', {});
    const found = reply.ok ? (reply.data as SiteStatus).assets.find(({ asset_id }) => asset_id === asset) : undefined;
    if (found && (found.deadman.drill === undefined || left <= 0)) return found;
    if (found && found.deadman.drill !== phase) console.error(`${asset}: ${(phase = found.deadman.drill)}`);
    await sleep(LOOK_EVERY_MS);
  }
}

function told(asset: string, { state, time_s, max_w, proof }: AssetStatus['deadman'], tagged: boolean): string {
  const result =
    state === 'proven'
      ? `proven: within ${time_s} s the device ended the power by itself (${proof?.mechanism ?? '?'}), and moved ${proof?.resulting_w ?? '?'} W then`
      : state === 'failed'
        ? `FAILED: the device did not end the power by itself; it is stopped, and capped at ${Math.round(max_w)} W`
        : 'nothing was found; the events say why';
  return `${asset}: ${result}${tagged ? '\nIt is still tagged out (bessd maintenance --off).' : ''}`;
}
