/** kill -9 in the middle of writing: whatever was acknowledged is in the record, and the audit chain holds. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openRecordReader } from '../../io/record-reader.ts';
import { folder, openStore, START_MS } from './record-support.ts';

const ROUNDS = 12;

test(`${ROUNDS} kills at random moments lose no report that was acknowledged`, async () => {
  using home = folder();
  let from = 1;
  for (let round = 0; round < ROUNDS; round += 1) {
    const acknowledged = await appendUntilKilled(home.dir, from, 1 + Math.floor(Math.random() * 40));
    const store = openStore(home.dir);
    assert.equal(store.findings, []);
    const verdict = store.verify();
    store.close();
    assert.ok(verdict.ok, JSON.stringify(verdict));
    using reader = openRecordReader(home.dir);
    const found = reader
      .telemetry({ asset: 'bess-1', point: 'counter', fromMs: 0, toMs: START_MS * 2, limit: 1e9 })
      .map(({ value }) => Number(value));
    const last = found.at(-1) ?? 0;
    assert.ok(last >= acknowledged, `acknowledged ${acknowledged}, found ${last}`);
    assert.is(found.length, last, 'no hole');
    assert.is(last % 3, 0, 'no part of a batch');
    // Audit and events are written before telemetry, so a kill may leave one batch more of them.
    assert.ok(verdict.ok && verdict.entries >= last);
    assert.ok(Number(reader.events({ limit: 1 })[0]?.seq) >= last);
    from = last + 1;
  }
  assert.ok(from > ROUNDS);
});

test.run();

function appendUntilKilled(dataDir: string, from: number, batches: number): Promise<number> {
  const script = path.join(import.meta.dirname, 'fixtures/record-append.ts');
  const child = spawn(process.execPath, [script, dataDir, String(from)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  let seen = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    seen += 1;
    if (seen === batches) child.kill('SIGKILL');
  });
  return new Promise((resolve) => {
    child.on('close', () => {
      const lines = output.split('\n').slice(0, -1);
      resolve(Number(lines.at(-1) ?? from - 1));
    });
  });
}
