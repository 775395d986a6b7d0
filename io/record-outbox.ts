/**
 * The record as the uplinks read it: by number, as finished messages. Read-only; the owner goes on writing.
 *
 * A number that the record gave up is simply not there; whoever reads a stretch gets what is left of it.
 */
import { DatabaseSync } from 'node:sqlite';
import { ENVELOPE_VERSION } from '../contracts/uplink.ts';
import type { Envelope, Outbox, Stretch, StreamHead, UplinkMessage } from '../contracts/uplink.ts';
import { guarded } from './record-fault.ts';
import { isWritable, listFiles } from './record-file.ts';
import type { RecordFile } from './record-file.ts';
import { readBodies } from './record-bodies.ts';
import type { Body } from './record-bodies.ts';
import { readFileMeta, readState, readVersion, SCHEMA_VERSION } from './record-schema.ts';

export type OutboxOptions = {
  readonly dataDir: string;
  readonly siteId: string;
  /** Unit of a point of an asset, `''` where it has none. */
  readonly unitOf: (asset: string, point: string) => string;
  readonly wallMs: () => number;
};

type Open = { readonly file: RecordFile; readonly db: DatabaseSync; readonly streamId: string; readonly first: number };

export function openOutbox(options: OutboxOptions): Outbox {
  const { dataDir } = options;
  const open = new Map<string, Open>();
  /** Files that are no longer written: their ends do not move. */
  const ends = new Map<string, number>();

  return {
    heads: () => ask(heads),
    read: (streamId, stretch) => ask(() => read(streamId, stretch)),
    [Symbol.dispose]: close,
  };

  function ask<T>(question: () => T): T {
    try {
      return guarded('the record cannot be read', question);
    } finally {
      if (!isWritable(dataDir)) close();
    }
  }

  function close(): void {
    for (const { db } of open.values()) db.close();
    open.clear();
  }

  function heads(): readonly StreamHead[] {
    const found = new Map<string, StreamHead>();
    const files = filesNow();
    for (const [at, one] of files.entries()) {
      const { kind } = one.file;
      const before = found.get(one.streamId);
      const isNewest = !files.slice(at + 1).some(({ file }) => file.kind === kind);
      const to = isNewest ? readState(one.db).last.n : endOf(one);
      found.set(one.streamId, { streamId: one.streamId, kind, from: before?.from ?? one.first, to });
    }
    return [...found.values()];
  }

  function read(streamId: string, stretch: Stretch): readonly UplinkMessage[] {
    const messages: UplinkMessage[] = [];
    for (const { db, file, first, streamId: own } of filesNow()) {
      if (own !== streamId || first > stretch.to) continue;
      for (const body of readBodies(db, file.kind, stretch, options.unitOf))
        messages.push(messageOf(body, streamId, options));
    }
    return messages;
  }

  /** The files as they are now; those that are gone are let go of. */
  function filesNow(): readonly Open[] {
    const files = listFiles(dataDir);
    const paths = new Set(files.map(({ path }) => path));
    for (const [path, { db }] of open) {
      if (paths.has(path)) continue;
      db.close();
      open.delete(path);
      ends.delete(path);
    }
    return files.flatMap((file) => {
      const known = open.get(file.path) ?? begin(file);
      return known ? [known] : [];
    });
  }

  /** `undefined` while its owner is just making it. */
  function begin(file: RecordFile): Open | undefined {
    const db = new DatabaseSync(file.path, { readOnly: true, timeout: 1000 });
    let opened: Open | undefined;
    try {
      if (readVersion(db) !== SCHEMA_VERSION) return undefined;
      const { streamId, before } = readFileMeta(db);
      opened = { file, db, streamId, first: before.n + 1 };
      open.set(file.path, opened);
      return opened;
    } finally {
      if (opened === undefined) db.close();
    }
  }

  function endOf({ file, db }: Open): number {
    const known = ends.get(file.path) ?? readState(db).last.n;
    ends.set(file.path, known);
    return known;
  }
}

function messageOf({ n, ts, assetId, ...content }: Body, streamId: string, options: OutboxOptions): UplinkMessage {
  const id = `${streamId}:${n}`;
  const envelope = {
    schema_version: ENVELOPE_VERSION,
    message_id: id,
    site_id: options.siteId,
    record_id: streamId,
    seq: n,
    ts: new Date(ts).toISOString(),
    sent_ts: new Date(options.wallMs()).toISOString(),
    asset_id: assetId ?? null,
    ...content,
  } as Envelope;
  return {
    id,
    siteId: options.siteId,
    kind: envelope.kind,
    eventKind: envelope.kind === 'event' ? envelope.body.kind : undefined,
    assetId,
    text: JSON.stringify(envelope),
  };
}
