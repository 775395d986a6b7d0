/** A profile's sequence made concrete: bounded, rounded down, and nothing at all where a value is not known. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { expandSequence } from '../../../machines/device/sequence.ts';
import { huawei, point } from '../support.ts';
import { Bench } from './bench.ts';

const test = suite('sequence');

test('the inverter is shut down only where the site file allows it', () => {
  const names = (allowShutdown: boolean): string[] => {
    const expanded = expandSequence(huawei, 'estop', { ...new Bench().values, allowShutdown });
    return expanded.ok ? expanded.transactions.flatMap(({ values }) => Object.keys(values)) : [];
  };
  assert.not.ok(names(false).includes('inverter_shutdown'));
  assert.is(names(true).at(-1), 'inverter_shutdown');
});

test('an order is written no higher than the device allows now, rounded down to its resolution', () => {
  const magnitude = (magnitudeW: number, most: number, gain = 1): number | undefined => {
    const points = {
      ...huawei.points,
      forcible_discharge_power: { ...huawei.points['forcible_discharge_power'], gain },
    };
    const expanded = expandSequence({ ...huawei, points } as typeof huawei, 'discharge', {
      ...new Bench().values,
      powerW: magnitudeW,
      found: (name) => (name === 'max_discharge_power' ? most : undefined),
    });
    return expanded.ok ? expanded.transactions[0]?.values['forcible_discharge_power'] : undefined;
  };
  assert.equal([magnitude(3000.9, 9000), magnitude(3000, 2500), magnitude(3999, 9000, 0.001)], [3000, 2500, 3000]);
  assert.is(magnitude(Number.NaN, 9000), undefined);
  assert.is(magnitude(Number.POSITIVE_INFINITY, 9000), undefined);
});

test('a register whose smallest value is more than what is allowed is not written at all', () => {
  const limited = { functionCode: 16, min: 100, persistent: false } as const;
  const points = {
    ...huawei.points,
    forcible_discharge_power: point({ type: 'u32', register: 47_249, writable: limited }),
  };
  const profile = { ...huawei, points };
  assert.equal(expandSequence(profile, 'discharge', { ...new Bench().values, powerW: 50 }), {
    ok: false,
    missing: 'forcible_discharge_power',
  });
  assert.ok(expandSequence(profile, 'discharge', { ...new Bench().values, powerW: 150 }).ok);
});

test.run();
