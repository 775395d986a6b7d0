/** The drill: back up a site while it runs, lose its disk, restore, and go on where it was. */
// deadline: 180 s
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { listFiles } from '../../io/record-file.ts';
import { openOutbox } from '../../io/record-outbox.ts';
import { openRecordReader } from '../../io/record-reader.ts';
import { realSite } from './real-site.ts';

test('a site that lost its disk goes on from its backup: record, audit chain and E-stop latch', async () => {
  await using site = await realSite({ assets: 1 });
  await site.startRuntime();
  const data = path.join(site.folder, 'data');
  const copy = path.join(site.folder, 'copy');
  assert.is((await site.bessd('estop', '--reason', 'drill')).code, 0);
  await site.until('telemetry is recorded', 20_000, () => rows(data) > 20);
  const made = await site.bessd('backup', copy, '--data-dir', data);
  assert.is(made.code, 0, made.stderr);
  const saved = rows(copy);
  assert.ok(saved > 20);

  const refused = await site.bessd('restore', copy, '--data-dir', data);
  assert.is(refused.code, 1);
  assert.match(refused.stderr, 'stop the site first');

  const gone = new Promise((resolve) => site.runtime.once('exit', resolve));
  site.runtime.kill('SIGKILL');
  await gone;
  const lostLatch = readFileSync(path.join(data, 'latch.json'), 'utf8');
  rmSync(data, { recursive: true });
  const restored = await site.bessd('restore', copy, '--data-dir', data);
  assert.is(restored.code, 0, restored.stderr);
  assert.is(readFileSync(path.join(data, 'latch.json'), 'utf8'), lostLatch);

  const before = streamsOf(copy);
  await site.startRuntime();
  await site.until('the record goes on', 20_000, () => rows(data) > saved);
  assert.is((await site.json('status')).data.estop.state, 'latched');
  const verdict = await site.bessd('audit', 'verify', '--data-dir', data);
  assert.is(verdict.code, 0, verdict.stderr);
  assert.match(verdict.stdout, 'whole');
  // Numbers after those of the backup may have gone up already, so they need new names.
  assert.is(streamsOf(data).filter((id) => !before.includes(id)).length, 3);
});

test('a backup with one changed byte is not restored, and what is there stays', async () => {
  await using site = await realSite({ assets: 1 });
  await site.startRuntime();
  const data = path.join(site.folder, 'data');
  const copy = path.join(site.folder, 'copy');
  await site.until('something is recorded', 20_000, () => rows(data) > 0);
  assert.is((await site.bessd('backup', copy, '--data-dir', data)).code, 0);
  appendFileSync(listFiles(copy, 'events').at(-1)?.path ?? '', 'x');
  const elsewhere = path.join(site.folder, 'elsewhere');
  const restored = await site.bessd('restore', copy, '--data-dir', elsewhere);
  assert.is(restored.code, 1);
  assert.match(restored.stderr, 'is not the file that was written');
  assert.not.ok(existsSync(elsewhere));
});

test.run();

function streamsOf(dataDir: string): readonly string[] {
  using outbox = openOutbox({ dataDir, siteId: '', unitOf: () => '', wallMs: () => 0 });
  return outbox.heads().map(({ streamId }) => streamId);
}

function rows(dataDir: string): number {
  try {
    using reader = openRecordReader(dataDir);
    return reader.telemetry({ asset: 'bess-1', fromMs: 0, toMs: 4e12, limit: 100_000 }).length;
  } catch {
    return 0; // not made yet
  }
}
