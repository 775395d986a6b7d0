/** `bessd audit verify`: is the audit log whole? Exit 1 when an entry was changed, removed or cut off. */
import { Command, InvalidArgumentError } from 'commander';
import { verifyAudit } from '../../io/record-audit.ts';
import { guarded } from '../../io/record-fault.ts';
import { json, painted } from './output.ts';

type VerifyOptions = {
  readonly dataDir: string;
  readonly head?: { readonly n: number; readonly hash: string };
  readonly json?: boolean;
};

export function auditCommand(): Command {
  const verify = new Command('verify')
    .description('walk the hash chain of the audit log, while the site runs or not')
    .option('--data-dir <folder>', 'the data folder', process.env['DATA_DIR'] ?? './data')
    .option('--head <number:hash>', 'a head noted elsewhere, as the uplinks send it with every entry', headFrom)
    .option('--json', 'print the verdict as JSON')
    .action(examine);
  return new Command('audit').description('the audit log').addCommand(verify);
}

function examine({ dataDir, head, json: asJson }: VerifyOptions): void {
  const verdict = guarded(`the audit log in ${dataDir} cannot be read`, () => verifyAudit(dataDir, head));
  if (!verdict.ok) process.exitCode = 1;
  if (asJson) return console.log(json({ ok: verdict.ok, data: verdict }));
  if (verdict.ok) {
    const { n, hash } = verdict.head;
    return console.log(`${painted('green', 'whole')}: ${verdict.entries} entries, head ${n}:${hash}`);
  }
  console.error(
    `${painted('red', 'broken', process.stderr)}: entry ${verdict.at} is ${verdict.why} (${verdict.where})`,
  );
}

function headFrom(text: string): { n: number; hash: string } {
  const [, n, hash] = /^(\d+):([0-9a-f]{64})$/.exec(text) ?? [];
  if (n === undefined || hash === undefined) throw new InvalidArgumentError('Expected NUMBER:HASH.');
  return { n: Number(n), hash };
}
