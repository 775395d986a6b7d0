// deadline: 120 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { spawn } from 'node:child_process';
import path from 'node:path';
import * as fc from 'fast-check';
import { Fault } from '../../contracts/faults.ts';
import type { DevicePort } from '../../contracts/ports.ts';
import { loadSunspecModel } from '../../io/sunspec-models.ts';
import { scanSunspec } from '../../io/sunspec-scan.ts';
import { decodeModel } from '../../machines/sunspec/decode.ts';
import { startDevice } from './device.ts';
import type { DeviceOptions, SunspecDevice } from './device.ts';
import { deviceImage, modelImage, randomFrom, same } from './image.ts';
import type { Expected, ModelImage } from './image.ts';

type Scanned = { base: number; models: { id: number; offset: number; length: number; points: Expected }[] };
type Run = { readonly code: number | null; readonly out: string; readonly err: string };

const IDS = [1, 103, 113, 124, 160, 203, 701, 702, 703, 704, 705, 706, 707, 708, 709, 710, 711, 712, 713, 714, 715];
const SITE = [...IDS, 802, 803, 804, 805].map((id) => modelImage(id, randomFrom(id), { missingOneIn: 5 }));
const PRIVATE: ModelImage = { id: 64_001, words: [64_001, 3, 1, 2, 3], points: {} };

test('a device with every model is scanned over Modbus TCP, point by point', async () => {
  const image = [...SITE, PRIVATE];
  await withDevice(deviceImage(image), {}, async ({ port, requests }) => {
    const { code, out, err } = await scan(`127.0.0.1:${port}`, '--json');
    assert.equal([code, err], [0, '']);
    const { base, models } = JSON.parse(out) as Scanned;
    assert.is(base, 40_000);
    assert.equal(Object.keys(JSON.parse(out) as object), ['base', 'models']);
    let offset = 2;
    image.forEach(({ id, words, points }, at) => {
      assert.equal([models[at]?.id, models[at]?.offset, models[at]?.length], [id, offset, words.length - 2]);
      same(models[at]?.points ?? {}, points, `model ${id}`);
      offset += words.length;
    });
    assert.is(models.length, image.length);
    withinOneModel(requests, image);
  });
});

for (const base of [50_000, 0]) {
  test(`a device whose registers start at ${base} is found`, async () => {
    await withDevice(deviceImage(SITE.slice(0, 2)), { base }, async ({ port }) => {
      const { code, out } = await scan(`127.0.0.1:${port}`, '--json');
      const { base: found, models } = JSON.parse(out) as Scanned;
      assert.equal([code, found, models.map(({ id }) => id)], [0, base, [1, 103]]);
    });
  });
}

test('people see models with names, units, states and what is not implemented', async () => {
  const common = modelImage(1, randomFrom(1), { missingOneIn: 0 });
  const storage = modelImage(713, randomFrom(2), { missingOneIn: 0 });
  const words = storage.words.with(4, 553).with(5, 0xffff).with(6, 1).with(8, 0xffff);
  await withDevice(deviceImage([common, { ...storage, words }, PRIVATE]), {}, async ({ port }) => {
    const { code, out } = await scan(`127.0.0.1:${port}`);
    assert.is(code, 0);
    assert.match(out, /^SunSpec device, base 40000, 3 models\n/);
    assert.match(out, /Model 713 {2}DER Storage Capacity {2}registers 40070 to 40078\n/);
    assert.match(out, /SoC +55\.3 Pct +State of Charge/);
    assert.match(out, /Sta +1 WARNING/);
    assert.match(out, /not implemented: SoH/);
    assert.match(out, /Model 64001 {2}no definition of this model/);
  });
});

test('the unit is the one that was asked for', async () => {
  await withDevice(deviceImage(SITE.slice(0, 1)), { unit: 126, wrongUnit: 11 }, async ({ port }) => {
    assert.is((await scan(`127.0.0.1:${port}`, '--unit', '126')).code, 0);
    const wrong = await scan(`127.0.0.1:${port}`, '--json');
    assert.is(wrong.code, 1);
    const reply = JSON.parse(wrong.out) as { ok: boolean; code: string; message: string };
    assert.equal([reply.ok, reply.code], [false, 'DEVICE_EXCEPTION']);
    assert.match(reply.message, /--unit/);
  });
  await withDevice(deviceImage(SITE.slice(0, 1)), { unit: 126 }, async ({ port }) => {
    const silent = await scan(`127.0.0.1:${port}`);
    assert.is(silent.code, 1);
    assert.match(silent.err, /TIMEOUT: .*unit 1.*--unit/);
  });
});

test('a device that is none of SunSpec is exit 1 and says what stood there', async () => {
  await withDevice(
    Array.from({ length: 10 }, () => 7),
    {},
    async ({ port }) => {
      const { code, out, err } = await scan(`127.0.0.1:${port}`);
      assert.equal([code, out], [1, '']);
      assert.match(err, /no SunSpec device.*40000: 0x0007 0x0007; 50000: exception 2; 0: exception 2/);
    },
  );
});

test('nobody there is exit 1, an address that is none is exit 2', async () => {
  const device = await startDevice([]);
  await device.stop();
  const unreachable = await scan(`127.0.0.1:${device.port}`);
  assert.is(unreachable.code, 1);
  assert.match(unreachable.err, /CONNECT_FAILED/);
  for (const wrong of ['a:b:c', 'host:0', 'host:70000', 'http://host', '[nohost]:502', ''])
    assert.is((await scan(wrong)).code, 2, wrong);
  assert.is((await scan('127.0.0.1', '--unit', '256')).code, 2);
  assert.is((await scan()).code, 2);
});

test('a chain without its end marker is shown as far as it goes, with a warning', async () => {
  await withDevice(deviceImage(SITE.slice(0, 2)).slice(0, -2), {}, async ({ port }) => {
    const { code, out, err } = await scan(`127.0.0.1:${port}`, '--json');
    assert.is(code, 0);
    assert.equal(
      (JSON.parse(out) as Scanned).models.map(({ id }) => id),
      [1, 103],
    );
    assert.match(err, /ends without its marker.*exception 2/);
  });
});

test('registers that a device refuses inside a model are missing, and the warning names them', async () => {
  const { words } = modelImage(802, randomFrom(3), { missingOneIn: 0 });
  const { models, remarks } = await scanSunspec(portOf([0x5375, 0x6e53, 124, 300, ...words], 4 + 120));
  assert.equal(
    models.map(({ id, length, words: read }) => [id, length, read.length]),
    [[124, 300, 2]],
  );
  assert.match(remarks[0] ?? '', /model 124: register 40004 answers with exception 2/);
  assert.match(remarks[1] ?? '', /register 40304 answers with exception 2/);
});

test('a chain of empty models, of zeros, or beyond the last register comes to an end', async () => {
  const empty = await scanSunspec(
    portOf([0x5375, 0x6e53, ...Array.from({ length: 2000 }, (_, at) => (at % 2 ? 0 : 5))]),
  );
  assert.is(empty.models.length, 250);
  assert.match(empty.remarks.join(), /more than 250/);
  const zeros = await scanSunspec(portOf([0x5375, 0x6e53, ...Array.from({ length: 2000 }, () => 0)]));
  assert.equal([zeros.models.length, /model id 0/.test(zeros.remarks.join())], [0, true]);
  const beyond = await scanSunspec(portOf([0x5375, 0x6e53, 1, 60_000]));
  assert.equal([beyond.models.length, /ends beyond/.test(beyond.remarks.join())], [0, true]);
});

test('a fault that is no answer of the device ends the scan', async () => {
  const broken: DevicePort = {
    ...portOf([]),
    read: () => Promise.reject(new Fault('CONNECTION_CLOSED')),
  };
  await scanSunspec(broken).then(
    () => assert.unreachable(),
    (error: unknown) => assert.is((error as Fault).code, 'CONNECTION_CLOSED'),
  );
});

test('whatever stands in the registers, a scan ends, and no request is wider than 120 registers', async () => {
  const word = fc.oneof(fc.nat(0xffff), fc.nat(200), fc.constantFrom(0xffff, 0, 1, 103, 705, 803));
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 400 }), async (body) => {
      const requests: (readonly [number, number])[] = [];
      const { models } = await scanSunspec(portOf([0x5375, 0x6e53, ...body], Number.POSITIVE_INFINITY, requests));
      assert.ok(requests.length < 1000);
      for (const [, count] of requests) assert.ok(count >= 1 && count <= 120);
      for (const { id, words } of models) {
        const definition = loadSunspecModel(id);
        if (definition) decodeModel(definition, words);
      }
    }),
    { numRuns: 1000 },
  );
});

test.run();

async function withDevice(
  image: readonly number[],
  options: DeviceOptions,
  run: (device: SunspecDevice) => Promise<void>,
): Promise<void> {
  const device = await startDevice(image, options);
  try {
    await run(device);
  } finally {
    await device.stop();
  }
}

/** A port over memory: registers from 40000 on, refused from the `refusedFrom`-th on. */
function portOf(
  image: readonly number[],
  refusedFrom: number = Number.POSITIVE_INFINITY,
  requests: (readonly [number, number])[] = [],
): DevicePort {
  return {
    read: (register, count) => {
      requests.push([register, count]);
      const from = register - 40_000;
      const refused = from < 0 || from + count > Math.min(image.length, refusedFrom);
      if (refused) return Promise.reject(new Fault('DEVICE_EXCEPTION', 'no', { details: { exception: 2 } }));
      return Promise.resolve(image.slice(from, from + count));
    },
    write: () => Promise.reject(new Error('a scan never writes')),
    drop: () => {},
  };
}

/** Every request lies in one model (or in the markers at both ends) and takes at most 120 registers. */
function withinOneModel(requests: readonly (readonly [number, number])[], image: readonly ModelImage[]): void {
  let at = 40_002;
  const ranges = image.map(({ words }) => [at, (at += words.length)] as const);
  ranges.push([40_000, 40_002], [at, at + 2]);
  for (const [register, count] of requests) {
    assert.ok(count <= 120);
    assert.ok(
      ranges.some(([from, to]) => register >= from && register + count <= to),
      `${register}, ${count}`,
    );
  }
}

function scan(...args: readonly string[]): Promise<Run> {
  const script = path.join(import.meta.dirname, '../../scripts/bessd.ts');
  const child = spawn(process.execPath, [script, 'profile', 'scan', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })));
}
