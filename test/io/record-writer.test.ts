/** The writer outlasts every fault of the disk, says so once, and gives up telemetry before audit. On a virtual clock. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../contracts/faults.ts';
import type { ThreadSignal } from '../../contracts/links.ts';
import type { Report } from '../../contracts/reports.ts';
import { createRecordBuffer } from '../../io/record-buffer.ts';
import type { RecordTrouble } from '../../io/record-fault.ts';
import type { RecordStore } from '../../io/record-store.ts';
import { createRecordWriter } from '../../io/record-writer.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import { audit, event, telemetry } from './record-support.ts';

test('reports are written in batches: after 200 ms, or at once when there are 500', () => {
  const { writer, clock, batches } = bench();
  writer.start();
  writer.add(telemetry(1));
  writer.add(audit(2));
  assert.equal(batches, []);
  clock.advanceSync(200);
  assert.equal(
    batches.map((batch) => batch.length),
    [1, 1],
  );
  for (let seq = 0; seq < 500; seq += 1) writer.add(event(seq));
  assert.is(batches[2]?.length, 500);
});

test('heartbeats and cycles are not recorded', () => {
  const { writer, clock, batches } = bench();
  writer.start();
  writer.add({ type: 'CYCLE', asset_id: 'bess-1', duration_s: 1, guard_latency_s: null });
  clock.advanceSync(1000);
  assert.equal(batches, []);
});

for (const trouble of ['full', 'unavailable', 'damaged'] as const) {
  test(`a disk that is ${trouble} raises one alarm, is tried every 2 to 5 s, and nothing is lost meanwhile`, () => {
    const { writer, clock, batches, signals, disk } = bench();
    writer.start();
    disk.appendTrouble = trouble;
    if (trouble !== 'full') disk.openTrouble = 'unavailable';
    for (let seq = 0; seq < 30; seq += 1) {
      writer.add(telemetry(seq));
      writer.add(audit(seq));
      clock.advanceSync(1000);
    }
    assert.equal(batches, []);
    assert.equal(notices(signals), ['record-unavailable active']);
    disk.appendTrouble = undefined;
    disk.openTrouble = undefined;
    clock.advanceSync(5000);
    assert.is(batches.flat().length, 60);
    assert.equal(notices(signals), ['record-unavailable active']);
    clock.advanceSync(10_000);
    assert.equal(notices(signals), ['record-unavailable active', 'record-unavailable returned']);
  });
}

test('a disk that refuses every other batch is one alarm, which returns once all went well for five seconds', () => {
  const { writer, clock, signals, disk } = bench();
  writer.start();
  for (let seq = 0; seq < 20; seq += 1) {
    disk.appendTrouble = seq % 2 === 0 ? 'unavailable' : undefined;
    writer.add(audit(seq));
    clock.advanceSync(3000);
  }
  assert.equal(notices(signals), ['record-unavailable active']);
  clock.advanceSync(10_000);
  assert.equal(notices(signals), ['record-unavailable active', 'record-unavailable returned']);
});

test('a disk that others keep full stays an alarm, though we made room in it for ourselves', () => {
  const { writer, clock, batches, signals, disk } = bench();
  writer.start();
  disk.appendTrouble = 'full';
  disk.free = 0;
  writer.add(audit(1));
  clock.advanceSync(5000);
  disk.appendTrouble = undefined;
  clock.advanceSync(120_000);
  assert.is(batches.flat().length, 1);
  assert.equal(notices(signals), ['record-unavailable active']);
  disk.free = 1000;
  clock.advanceSync(10_000);
  assert.equal(notices(signals), ['record-unavailable active', 'record-unavailable returned']);
});

test('a disk that takes ten seconds for every batch is one alarm, and the thread says between them that it lives', () => {
  const { writer, clock, batches, signals, disk } = bench();
  writer.start();
  disk.takesMs = 10_000;
  for (let seq = 0; seq < 3; seq += 1) for (const make of [telemetry, event, audit]) writer.add(make(seq));
  clock.advanceSync(200);
  assert.is(batches.length, 3);
  assert.is(signals.filter(({ type }) => type === 'ALIVE').length, 3);
  assert.equal(notices(signals), ['record-slow active']);
  disk.takesMs = 0;
  writer.add(audit(9));
  clock.advanceSync(20_000);
  assert.equal(notices(signals), ['record-slow active', 'record-slow returned']);
});

test('a record that cannot be opened at start does not keep the thread from being ready', () => {
  const { writer, clock, batches, signals, disk } = bench();
  disk.openTrouble = 'unavailable';
  writer.start();
  writer.add(audit(1));
  assert.equal(
    signals.map(({ type }) => type),
    ['NOTICE', 'READY'],
  );
  clock.advanceSync(60_000);
  disk.openTrouble = undefined;
  clock.advanceSync(5000);
  assert.is(batches.flat().length, 1);
});

test('room is made once a minute while the disk is full, not at every try', () => {
  const { writer, clock, disk } = bench();
  writer.start();
  disk.appendTrouble = 'full';
  writer.add(audit(1));
  clock.advanceSync(59_000);
  assert.is(disk.roomMade, 1);
  clock.advanceSync(60_000);
  assert.is(disk.roomMade, 2);
});

test('a file that showed damage is checked at the next opening, and only then', () => {
  const { writer, clock, disk } = bench();
  writer.start();
  disk.appendTrouble = 'unavailable';
  writer.add(audit(1));
  clock.advanceSync(2200);
  disk.appendTrouble = 'damaged';
  clock.advanceSync(2000);
  disk.appendTrouble = undefined;
  clock.advanceSync(2000);
  assert.equal(disk.checks, [true, false, false, true]);
});

test('what the bounded buffer drops is counted and recorded as an event', () => {
  const { writer, clock, batches, signals, disk } = bench();
  writer.start();
  disk.appendTrouble = 'unavailable';
  const points = Object.fromEntries(Array.from({ length: 990 }, (_, n) => [`p${n}`, 1]));
  for (let seq = 0; seq < 450; seq += 1) writer.add(telemetry(seq, points));
  for (let seq = 0; seq < 100; seq += 1) writer.add(audit(seq));
  clock.advanceSync(1000);
  disk.appendTrouble = undefined;
  clock.advanceSync(15_000);
  const written = batches.flat();
  assert.is(written.filter(({ type }) => type === 'AUDIT').length, 100);
  const gap = written.find((report) => report.type === 'EVENT');
  assert.equal(gap?.event['lost'], { telemetry: 51, events: 0, audit: 0 });
  assert.match(JSON.stringify(signals.at(-1)), '51 telemetry');
});

test('at its bound the buffer drops the oldest telemetry, then events, audit last', () => {
  const buffer = createRecordBuffer(100);
  for (let seq = 0; seq < 5; seq += 1) for (const make of [telemetry, event, audit]) buffer.add(make(seq));
  assert.equal(buffer.takeDropped(), { telemetry: 5, events: 0, audit: 0 });
  for (let seq = 5; seq < 12; seq += 1) buffer.add(audit(seq));
  assert.equal(buffer.takeDropped(), { telemetry: 0, events: 5, audit: 2 });
  assert.equal(
    buffer.take(99).map((report) => report.type === 'AUDIT' && report.entry.seq),
    [2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
  );
});

test('stopping writes what waits and leaves no timer', () => {
  const { writer, clock, batches, disk } = bench();
  writer.start();
  writer.add(audit(1));
  writer.stop();
  assert.is(batches.flat().length, 1);
  assert.is(disk.open, 0);
  assert.is(clock.pending(), 0);
});

test('a batch that reached the disk although its commit failed is not written twice', () => {
  const { writer, clock, batches, disk } = bench();
  writer.start();
  disk.appendTrouble = 'unavailable';
  disk.landsAnyway = true;
  writer.add(audit(1));
  clock.advanceSync(200);
  disk.appendTrouble = undefined;
  writer.add(audit(2));
  clock.advanceSync(5000);
  assert.equal(
    batches.flat().map((report) => report.type === 'AUDIT' && report.entry.seq),
    [1, 2],
  );
});

test('stopping tries once more, also while the disk is failing', () => {
  const { writer, clock, batches, disk } = bench();
  writer.start();
  disk.appendTrouble = 'unavailable';
  writer.add(audit(1));
  clock.advanceSync(200);
  disk.appendTrouble = undefined;
  writer.stop();
  assert.is(batches.flat().length, 1);
  assert.is(clock.pending(), 0);
});

test('whoever asks is told when everything so far is on the disk, and not before', () => {
  const { writer, clock, batches, disk } = bench();
  const told: number[] = [];
  writer.start();
  writer.add(audit(1));
  writer.sync(() => told.push(batches.length));
  assert.equal(told, [1]);
  disk.appendTrouble = 'unavailable';
  writer.add(audit(2));
  writer.sync(() => told.push(batches.length));
  clock.advanceSync(10_000);
  assert.equal(told, [1]);
  disk.appendTrouble = undefined;
  clock.advanceSync(5000);
  assert.equal(told, [1, 2]);
});

test('a disk that fills up is reported before it is full, and when there is room again', () => {
  const { writer, clock, signals, disk } = bench();
  writer.start();
  disk.free = 99;
  clock.advanceSync(180_000);
  disk.free = 100;
  clock.advanceSync(60_000);
  assert.equal(notices(signals), ['record-space active', 'record-space returned']);
});

test('a defect is not taken for a fault of the disk', () => {
  const { writer, clock, disk } = bench();
  writer.start();
  disk.defect = true;
  writer.add(audit(1));
  assert.throws(() => clock.advanceSync(200), /our own mistake/);
});

test.run();

type Disk = {
  openTrouble: RecordTrouble | undefined;
  appendTrouble: RecordTrouble | undefined;
  defect: boolean;
  /** A commit reaches the disk although it fails. */
  landsAnyway: boolean;
  roomMade: number;
  free: number;
  open: number;
  takesMs: number;
  readonly checks: boolean[];
};

function bench(): {
  readonly writer: ReturnType<typeof createRecordWriter>;
  readonly clock: ReturnType<typeof virtualClock>;
  readonly batches: (readonly Report[])[];
  readonly signals: ThreadSignal[];
  readonly disk: Disk;
} {
  const virtual = virtualClock();
  /** What the disk has taken so far: a call that blocks moves the clock and lets nothing else run. */
  let lateMs = 0;
  const clock = Object.assign(Object.create(virtual) as typeof virtual, { now: () => virtual.now() + lateMs });
  const batches: (readonly Report[])[] = [];
  const signals: ThreadSignal[] = [];
  const disk: Disk = {
    openTrouble: undefined,
    appendTrouble: undefined,
    defect: false,
    landsAnyway: false,
    roomMade: 0,
    free: 1000,
    open: 0,
    takesMs: 0,
    checks: [],
  };
  const open = (check: boolean): RecordStore => {
    disk.checks.push(check);
    breakOn(disk.openTrouble);
    disk.open += 1;
    return {
      findings: [],
      streamId: () => 's',
      freeBytes: () => disk.free,
      append: (reports) => {
        if (disk.defect) throw new Error('our own mistake');
        lateMs += disk.takesMs;
        if (disk.appendTrouble === undefined || disk.landsAnyway) batches.push(reports);
        breakOn(disk.appendTrouble);
      },
      retain: () => {},
      batches: () => batches.length,
      makeRoom: () => {
        disk.roomMade += 1;
        return 'telemetry';
      },
      verify: () => ({ ok: true, entries: 0, head: { stream: '', n: 0, hash: '' } }),
      usedBytes: () => 0,
      close: () => {
        disk.open -= 1;
      },
    };
  };
  const writer = createRecordWriter({ open, clock, signal: (signal) => signals.push(signal), lowBytes: 100 });
  return { writer, clock, batches, signals, disk };
}

function breakOn(trouble: RecordTrouble | undefined): void {
  if (trouble !== undefined) throw new Fault('RECORD_UNAVAILABLE', trouble, { details: { trouble } });
}

function notices(signals: readonly ThreadSignal[]): readonly string[] {
  return signals.flatMap((signal) => (signal.type === 'NOTICE' ? [`${signal.alarm_id} ${signal.state}`] : []));
}
