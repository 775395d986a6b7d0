/** What retention is about to give up although an uplink has not sent it: told in time, with the number. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ThreadSignal } from '../../contracts/links.ts';
import { watchUnsent } from '../../entry/unsent.ts';
import { endangered } from '../../io/record-endangered.ts';
import { listFiles } from '../../io/record-file.ts';
import { openSyncedFiles } from '../../io/synced-file.ts';
import { START_MS, audit, event, folder, openStore, telemetry } from './record-support.ts';

const DAY_S = 86_400;
const DAY_MS = DAY_S * 1000;
const KEEP = { keepDays: 3, maxBytes: 100_000_000 };

/** Ten frames, an event and an audit entry on each of five days; returns the id of the stream of telemetry. */
function fiveDays(dataDir: string): string {
  const store = openStore(dataDir, KEEP);
  for (let day = 0; day < 5; day += 1) {
    const atS = day * DAY_S;
    store.append([...Array.from({ length: 10 }, (_, n) => telemetry(atS + n)), event(atS), audit(atS)]);
  }
  const id = store.streamId('telemetry');
  store.close();
  return id;
}

test('telemetry that is too old within a day is in danger, and so is the next file when the size is nearly reached', () => {
  using home = folder();
  const streamId = fiveDays(home.dir);
  const days = listFiles(home.dir, 'telemetry').length;
  assert.is(days, 5);
  assert.equal(endangered(home.dir, KEEP, START_MS), []);
  assert.equal(endangered(home.dir, KEEP, START_MS + 2 * DAY_MS), []);
  assert.equal(endangered(home.dir, KEEP, START_MS + 3 * DAY_MS), [{ streamId, kind: 'telemetry', from: 1, to: 10 }]);
  assert.equal(
    endangered(home.dir, KEEP, START_MS + 90 * DAY_MS)
      .filter(({ kind }) => kind === 'telemetry')
      .map(({ from, to }) => [from, to]),
    [
      [1, 10],
      [11, 20],
      [21, 30],
      [31, 40],
    ],
    'the file of the day stays',
  );
  assert.equal(endangered(home.dir, { ...KEEP, maxBytes: 1000 }, START_MS), [
    { streamId, kind: 'telemetry', from: 1, to: 10 },
  ]);
});

test('the alarm has the number that each uplink owes, and returns once it is sent', async () => {
  using home = folder();
  const streamId = fiveDays(home.dir);
  const told: string[] = [];
  const watch = watchUnsent({
    start: { dataDir: home.dir, ...KEEP, uplinks: ['new', 'half'] },
    openFile: openSyncedFiles(home.dir),
    signal: (one: ThreadSignal) =>
      void (one.type === 'NOTICE' && told.push(`${one.alarm_id} ${one.state}: ${one.message}`)),
  });
  const sent = (id: string, upTo: number): void =>
    writeFileSync(
      path.join(home.dir, `uplink-${id}.json`),
      JSON.stringify({ version: 1, streams: { [streamId]: { upTo, ahead: [] } } }),
    );
  sent('half', 4);
  await watch(START_MS);
  assert.equal(told, [], 'nothing goes yet');
  await watch(START_MS + 3 * DAY_MS);
  await watch(START_MS + 3 * DAY_MS);
  assert.equal(told, [
    'record-unsent active: the record gives up 10 reports soon that the uplink new has not sent; ' +
      'the record gives up 6 reports soon that the uplink half has not sent',
  ]);
  sent('half', 10);
  sent('new', 50);
  await watch(START_MS + 3 * DAY_MS);
  assert.equal(told.slice(1), ['record-unsent returned: nothing unsent is given up soon']);
});

test('a site without uplinks owes nobody anything, and a record that is not there yet says nothing', async () => {
  using home = folder();
  const told: unknown[] = [];
  const openFile = openSyncedFiles(home.dir);
  const signal = (one: ThreadSignal): void => void told.push(one);
  await watchUnsent({ start: { dataDir: home.dir, ...KEEP, uplinks: ['a'] }, openFile, signal })(START_MS);
  fiveDays(home.dir);
  await watchUnsent({ start: { dataDir: home.dir, ...KEEP }, openFile, signal })(START_MS + 90 * DAY_MS);
  assert.equal(told, []);
});

test.run();
