/**
 * One traced command as it is heard of: what its face says, what control decides, what is written and read back.
 *
 * The facts come over several ways, so none of them counts on another having come before it.
 */
import type { AuditEntry, SiteEvent } from '../../contracts/reports.ts';
import type { CommandAnswered, CommandReceived, Given, Permitted, Recorded } from '../../contracts/trace.ts';

export type Write = Pick<AuditEntry, 'sequence' | 'register' | 'outcome' | 'reason'> & {
  readonly fromMs: number;
  readonly toMs: number;
};

/** What one asset does about it, from the order that it was given to what was read back. */
export type Share = {
  readonly assetId: string;
  readonly givenAtMs: number;
  readonly w: number | undefined;
  readonly writes: Write[];
  writtenAtMs?: number;
  over?: { readonly atMs: number; readonly outcome: string; readonly measuredW: number | undefined };
};

export type TracedCommand = {
  readonly received: CommandReceived;
  readonly shares: Share[];
  checkedAtMs?: number;
  permitted?: Permitted;
  answered?: CommandAnswered;
  recorded?: Recorded;
};

/** More writes than any sequence has; a sequence that is repeated without end must not fill the memory. */
const WRITES_KEPT = 64;
const SHARES_KEPT = 256;

/** Sequences by which commands without an order act. */
const STOPPING: Readonly<Record<string, string>> = { estop: 'estop', stop: 'hold' };

export function noteGiven(command: TracedCommand, { assetId, atMs, w }: Given): void {
  begin(command, { assetId, givenAtMs: atMs, w, writes: [] });
}

export function notePhase(command: TracedCommand, event: SiteEvent): void {
  const { ts, asset_id: assetId, phase, measured_w: measuredW } = event;
  const share = lastOf(command, assetId);
  if (!share || typeof phase !== 'string') return;
  const atMs = Date.parse(ts);
  if (phase === 'written') share.writtenAtMs ??= atMs;
  else share.over ??= { atMs, outcome: phase, measuredW: typeof measuredW === 'number' ? measuredW : undefined };
}

export function noteWrite(command: TracedCommand, entry: AuditEntry, tookS: number): void {
  const share = lastOf(command, entry.asset_id) ?? shareOfStop(command, entry.asset_id);
  if (!share || share.over || share.writes.length >= WRITES_KEPT) return;
  const toMs = Date.parse(entry.ts);
  const { sequence, register, outcome, reason } = entry;
  share.writes.push({ sequence, register, outcome, reason, fromMs: toMs - tookS * 1000, toMs });
}

/** Whether a write without an order is of this command: of a stop that somebody asked for. */
export function isOfStop({ received }: TracedCommand, { sequence }: AuditEntry): boolean {
  return STOPPING[received.command] === sequence;
}

/** Nothing more is to come but the word of the record. */
export function isComplete(command: TracedCommand): boolean {
  const { received, answered, shares } = command;
  if (!answered) return false;
  if (received.command === 'stop') return answered.stopping.every((id) => lastOf(command, id) !== undefined);
  return received.command === 'estop' || shares.every(({ over }) => over !== undefined);
}

/** Whether the record is still to say that it has it. */
export function awaitsRecord({ shares, recorded }: TracedCommand): boolean {
  return recorded === undefined && shares.some(({ writtenAtMs }) => writtenAtMs !== undefined);
}

function lastOf({ shares }: TracedCommand, assetId: string | undefined): Share | undefined {
  return shares.findLast((share) => share.assetId === assetId);
}

function shareOfStop(command: TracedCommand, assetId: string): Share | undefined {
  const { received } = command;
  if (STOPPING[received.command] === undefined) return undefined;
  return begin(command, {
    assetId,
    givenAtMs: command.checkedAtMs ?? received.atMs,
    w: undefined,
    writes: [],
  });
}

/** Another share of the same order goes on where the one before has not ended. */
function begin(command: TracedCommand, share: Share): Share | undefined {
  const before = lastOf(command, share.assetId);
  if (before && !before.over) return before;
  if (command.shares.length < SHARES_KEPT) command.shares.push(share);
  return share;
}
