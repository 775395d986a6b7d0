/**
 * A copy of the data folder, made while the site runs: every file of the record by SQLite's own online backup, so each is
 * one moment of that file; the small synced files as they are. `backup.json` lists all with size and SHA-256.
 *
 * The record is copied in the order audit, events, telemetry: what an event refers to in the audit log may be newer, the
 * audit log itself is whole. The head kept apart is copied first, so it is never ahead of the chain.
 */
import { createHash } from 'node:crypto';
import { copyFileSync, createReadStream, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { Fault } from '../contracts/faults.ts';
import { parseOrThrow } from '../contracts/parse.ts';
import { headPath, verifyAudit } from './record-audit.ts';
import { listFiles, recordFolder, restoredMark } from './record-file.ts';

const MANIFEST = 'backup.json';
const manifestSchema = z.strictObject({
  version: z.literal(1),
  made_at: z.iso.datetime(),
  files: z.array(
    z.strictObject({
      name: z.string().regex(/^(?!.*\.\.)[\w./-]+$/),
      bytes: z.int().min(0),
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  ),
});
export type BackupManifest = z.output<typeof manifestSchema>;

/** Into a new folder; an unfinished one has no manifest and is not restored. */
export async function makeBackup(dataDir: string, into: string, nowMs: number): Promise<BackupManifest> {
  if (existsSync(into) && readdirSync(into).length > 0)
    throw new Fault('FILE_UNREADABLE', `${into} is there already and not empty`);
  if (!existsSync(dataDir)) throw new Fault('FILE_UNREADABLE', `there is no data folder ${dataDir}`);
  mkdirSync(path.join(into, 'record'), { recursive: true, mode: 0o700 });
  const names: string[] = [];
  const keep = (file: string): string => {
    const name = path.relative(dataDir, file);
    names.push(name);
    return path.join(into, name);
  };
  for (const name of readdirSync(dataDir).filter((one) => one.endsWith('.json')))
    copyFileSync(path.join(dataDir, name), keep(path.join(dataDir, name)));
  if (existsSync(headPath(dataDir))) copyFileSync(headPath(dataDir), keep(headPath(dataDir)));
  const files = existsSync(recordFolder(dataDir)) ? listFiles(dataDir) : [];
  for (const kind of ['audit', 'events', 'telemetry'] as const) {
    for (const file of files.filter((one) => one.kind === kind)) {
      using db = new DatabaseSync(file.path, { readOnly: true, timeout: 5000 });
      await backup(db, keep(file.path));
    }
  }
  const manifest: BackupManifest = {
    version: 1,
    made_at: new Date(nowMs).toISOString(),
    files: await Promise.all(names.map((name) => described(into, name))),
  };
  writeFileSync(path.join(into, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  return manifest;
}

/** Proves a backup: every file as it was written, every database sound, the audit chain whole. */
export async function proveBackup(from: string): Promise<BackupManifest> {
  const manifest = readManifest(from);
  for (const { name, bytes, sha256 } of manifest.files) {
    const found = await described(from, name);
    if (found.bytes !== bytes || found.sha256 !== sha256)
      throw new Fault('FILE_UNREADABLE', `${name} of the backup is not the file that was written`);
  }
  const verdict = verifyAudit(from);
  if (!verdict.ok)
    throw new Fault('FILE_UNREADABLE', `the audit log of the backup is broken: entry ${verdict.at} is ${verdict.why}`);
  return manifest;
}

/**
 * Puts a proven backup in the place of a data folder; what was there stays beside it under a name with the time. The
 * record then begins new streams: the numbers after those of the backup may have gone up already, with other content.
 */
export async function restoreBackup(
  from: string,
  dataDir: string,
  nowMs: number,
): Promise<{ readonly files: number; readonly before: string | undefined }> {
  const { files } = await proveBackup(from);
  const place = path.resolve(dataDir);
  const building = `${place}.restoring`;
  if (existsSync(building)) throw new Fault('FILE_UNREADABLE', `${building} is left from another restore; remove it`);
  mkdirSync(path.join(building, 'record'), { recursive: true, mode: 0o700 });
  for (const { name } of files) copyFileSync(path.join(from, name), path.join(building, name));
  writeFileSync(restoredMark(building), '');
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const before = existsSync(place) ? `${place}.before-${stamp}` : undefined;
  if (before !== undefined) renameSync(place, before);
  renameSync(building, place);
  return { files: files.length, before };
}

function readManifest(from: string): BackupManifest {
  const file = path.join(from, MANIFEST);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Fault('FILE_UNREADABLE', `${from} is no finished backup: it has no ${MANIFEST}`, { cause });
  }
  return parseOrThrow(manifestSchema, JSON.parse(text), file);
}

async function described(folder: string, name: string): Promise<BackupManifest['files'][number]> {
  const file = path.join(folder, name);
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (cause) {
    throw new Fault('FILE_UNREADABLE', `${file} cannot be read`, { cause });
  }
  return { name, bytes: statSync(file).size, sha256: hash.digest('hex') };
}
