/**
 * A small part of the E-stop campaign (`npm run campaign -- estop`) on real processes: what must be so however slow the machine is.
 * Its budgets are for the campaign itself.
 */
// deadline: 240 s
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findBrokers } from '../../io/broker-find.ts';
import { seeded } from '../fuzz/random.ts';
import { CASES } from './estop/estop.ts';

/** One round of each variant; whatever is judged but the time. */
async function pressed(name: string, variants: readonly string[]): Promise<void> {
  const one = CASES.find((each) => each.name === name);
  if (!one) throw new Error(`no case ${name}`);
  const missing = one.missing?.();
  if (missing !== undefined) return console.log(`SKIPPED: ${missing}`);
  await using stack = new AsyncDisposableStack();
  const round = await one.open(stack);
  for (const variant of variants) {
    assert.ok(one.variants.includes(variant), `${name} has no variant ${variant}`);
    const { seen, problems } = await round(variant, seeded(1));
    const untimely = /^answered after/;
    assert.equal(
      problems.filter((problem) => !untimely.test(problem)),
      [],
      `${name}, ${variant}`,
    );
    for (const { asset, firstMs, zeroMs } of seen)
      assert.ok(
        Number.isFinite(firstMs) && Number.isFinite(zeroMs),
        `${name}, ${variant}: bess-${asset + 1} was not stopped`,
      );
  }
}

if ((await findBrokers()).length === 0) console.log('SKIPPED: no nats-server is installed');
else {
  test('an E-stop with ten thousand commands before it stops every battery, and nothing is forced after it', async () => {
    await pressed('queue', ['nats']);
  });

  test('an E-stop whose own actor has just died is carried out, answered, and latched', async () => {
    await pressed('restart', ['estop before']);
  });

  test('killed after the first write of an E-stop, the runtime leaves its batteries at zero, and the next one revives nothing', async () => {
    await pressed('kill', ['estop 1']);
  });

  test('an order ends by its duration and an E-stop is carried out while the clock of the machine steps by a day', async () => {
    await pressed('clock', ['+1 day']);
  });
  test.run();
}
