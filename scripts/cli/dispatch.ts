/** `bessd dispatch`: order power from one asset or from the whole site. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { createPrivateKey, randomUUID } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { DispatchReply, DispatchRequest } from '../../contracts/commands.ts';
import { signOrder } from '../../io/order-signature.ts';
import { ask, numberIn, siteCommand } from './command.ts';
import type { SiteOptions } from './command.ts';
import { kilowatts, painted, table } from './output.ts';
import { UsageError } from './usage.ts';

type DispatchOptions = SiteOptions & {
  readonly asset?: string;
  readonly all?: boolean;
  readonly w: number;
  readonly duration: number;
  readonly id?: string;
  readonly reference?: 'battery' | 'ac';
  readonly key?: string;
};

export function dispatchCommand(): Command {
  return siteCommand('dispatch', 'order power: positive discharges, negative charges')
    .addOption(new Option('--asset <id>', 'one asset').conflicts('all'))
    .option('--all', 'the whole site, shared among its assets')
    .requiredOption('--w <watts>', 'power in W', numberIn(-1e9, 1e9, 'W'))
    .requiredOption('--duration <seconds>', 'for how long', numberIn(0.001, 86_400, 'seconds'))
    .addOption(
      new Option('--reference <where>', 'power at the battery or at the AC terminals').choices(['battery', 'ac']),
    )
    .option('--id <id>', 'id of the order: the same id and content act once; default a new one')
    .option('--key <file>', 'sign the order with this Ed25519 key (PEM), whose public half stands in the site file')
    .action((options: DispatchOptions) => {
      if (options.asset === undefined && !options.all)
        throw new UsageError('--asset: got nothing, expected the id of an asset, or --all for the site');
      return ask('dispatch', options, ({ siteId }) => request(options, siteId), screen);
    });
}

function request({ asset, w, duration, id, reference, issuer, key }: DispatchOptions, siteId: string): DispatchRequest {
  const order: DispatchRequest = {
    id: id ?? randomUUID(),
    ...(asset === undefined ? { site_id: siteId } : { asset_id: asset }),
    w,
    duration_s: duration,
    issuer,
    ...(reference === undefined ? {} : { reference }),
  };
  if (key === undefined) return order;
  const issued = { ...order, issued_at: new Date().toISOString() };
  return { ...issued, sig: signOrder(siteId, issued, privateKey(key)) };
}

function privateKey(file: string): KeyObject {
  try {
    const key = createPrivateKey(readFileSync(file));
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // Said below, without anything of the key.
  }
  throw new UsageError(`--key: got ${file}, expected a file with an Ed25519 private key in PEM form`);
}

function screen({ id, status, requested_w, applied_w, residual_w, expires_at, assets }: DispatchReply): string {
  const verdict =
    status === 'accepted' ? painted('green', status) : painted('yellow', `${status}, ${kilowatts(residual_w)} short`);
  return [
    `${verdict}: ${kilowatts(applied_w)} of ${kilowatts(requested_w)} until ${expires_at} (order ${id})`,
    table([
      ['asset', 'asked', 'final', 'written', 'reasons'],
      ...assets.map(({ asset_id, raw_w, final_w, written_w, reasons }) => [
        asset_id,
        kilowatts(raw_w),
        kilowatts(final_w),
        kilowatts(written_w),
        reasons.join(', '),
      ]),
    ]),
  ].join('\n');
}
