/** Frames made by hand and frames by chance; `npm run campaign -- fuzz` runs the same with a million. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import path from 'node:path';
import { fuzzClient, meetFrame, outcomesOf } from './client.ts';
import { bytesOf, readCorpus } from './corpus.ts';
import { answerTo, fuzzServer, sendFrames } from './server.ts';
import { fuzzSession } from './session.ts';

const test = suite('any frame');
const corpus = readCorpus(path.join(import.meta.dirname, 'frames.json'));

for (const { name, hex, must } of corpus.toClient) {
  test(`a reader that gets ${name}: ${must}`, async () => {
    const outcomes = await outcomesOf((transaction) => bytesOf(hex, transaction));
    // Byte by byte the answer is whole before what follows it comes; the connection ends with that.
    const surplus = /^the right answer, (and a byte|twice)/.test(name);
    assert.equal(outcomes, [must, surplus ? 'value' : must]);
    await meetFrame(bytesOf(hex));
  });
}

for (const { name, hex, must = '' } of corpus.toServer) {
  test(`a device that gets ${name}: ${must}`, async () => {
    assert.is(await answerTo(bytesOf(hex)), must.replaceAll(' ', ''));
  });
}

test('frames of a collection in any of its shapes are taken, and others are refused by name', async () => {
  assert.equal([...bytesOf('0x01 02:03-04')], [1, 2, 3, 4]);
  assert.throws(() => bytesOf('0102 0'), /no whole bytes/);
  await sendFrames(corpus.toServer.slice(0, 3).map(({ hex }) => bytesOf(hex)));
});

test('20,000 frames by chance bring a reader no value that is not the answer, and each ends by the time-out', async () => {
  const { value, exception, refused, timedOut } = await fuzzClient(1, 20_000);
  assert.is(value + exception + refused + timedOut, 20_000);
  for (const count of [value, exception, refused, timedOut]) assert.ok(count > 20);
});

test('4000 frames by chance leave a device answering, and write nothing that was not asked for', async () => {
  const { frames, writes } = await fuzzServer(1, 4000);
  assert.is(frames, 4000);
  assert.ok(writes > 50, 'proper writes among them arrive');
});

test('a driver whose answers are spoilt by chance writes nothing, does not crash, and comes back', async () => {
  const { spoilt, connections } = await fuzzSession(1, 30);
  assert.ok(spoilt >= 30 && connections > 10);
});

test.run();
