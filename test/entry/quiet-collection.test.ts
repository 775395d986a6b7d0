import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Report } from '../../contracts/reports.ts';
import { NODE_FLAGS } from '../../entry/node-flags.ts';
import { quietCollection } from '../../entry/quiet-collection.ts';
import { createReportsLater } from '../../entry/reports-later.ts';

const MODULE = new URL('../../entry/quiet-collection.ts', import.meta.url).href;

test('memory is looked at now and then, and collected where it is due', () => {
  const did: string[] = [];
  let nowMs = 1000;
  let due = false;
  const memory = { isDue: () => (did.push(`look at ${nowMs}`), due), collect: () => void did.push('collect') };
  const quiet = quietCollection(memory, () => nowMs);
  for (nowMs of [1000, 1020, 1049.9, 1050, 1080]) quiet();
  due = true;
  for (nowMs of [1099.9, 1100, 1100.1, 1150]) quiet();
  assert.equal(did, ['look at 1000', 'look at 1050', 'look at 1100', 'collect', 'look at 1150', 'collect']);
});

test('under the flags of control it is the young generation of V8, when more than half of it is used', async () => {
  const program = `
    import { getHeapSpaceStatistics } from 'node:v8';
    import { quietCollection } from '${MODULE}';
    const young = () => getHeapSpaceStatistics().find((one) => one.space_name === 'new_space');
    const until = (share) => {
      for (let kept = []; young().space_used_size < share * (young().space_used_size + young().space_available_size); kept = [])
        for (let n = 0; n < 100; n += 1) kept.push({ n });
    };
    gc({ type: 'minor' });
    until(0.3);
    const before = young().space_used_size;
    quietCollection()();
    const little = young().space_used_size >= before;
    until(0.6);
    quietCollection()();
    console.log(JSON.stringify({ little, left: young().space_used_size / young().space_size }));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...NODE_FLAGS,
    '--input-type=module',
    '--eval',
    program,
  ]);
  const { little, left } = JSON.parse(stdout) as { little: boolean; left: number };
  assert.ok(little, 'less than half is left alone');
  assert.ok(left < 0.1, `${left} of it is still used`);
});

test('where nobody may collect nothing is done', () => {
  assert.is(typeof globalThis.gc, 'undefined');
  quietCollection()();
});

test('reports are handed on later, in their order, and what follows comes once behind them', async () => {
  const did: string[] = [];
  const later = createReportsLater(
    (report) => void did.push(report.type),
    () => void did.push('then'),
  );
  for (const type of ['TELEMETRY', 'AUDIT'] as const) later({ type } as Report);
  assert.equal(did, []);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(did, ['TELEMETRY', 'AUDIT', 'then']);
});

test.run();
