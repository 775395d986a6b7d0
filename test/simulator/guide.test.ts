/** docs/simulator.md says what the simulator takes: every example is accepted, and nothing that can be set is left out. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from '../../contracts/parse.ts';
import { simulateCommand } from '../../scripts/cli/simulate.ts';
import { controlRequestSchema } from '../../simulator/control-messages.ts';
import { DEVICE_OF_PROFILE } from '../../simulator/faces.ts';
import { faultSchema } from '../../simulator/fault-kinds.ts';
import { plantChangeSchema, startSettingsSchema } from '../../simulator/plant-settings.ts';
import { scheduleSchema } from '../../simulator/schedule.ts';
import { SENSOR_NAMES } from '../../simulator/sensors.ts';

const test = suite('guide to the simulator');
const guide = readFileSync(path.join(import.meta.dirname, '../../docs/simulator.md'), 'utf8');
const [faultFile = '', controlLines = ''] = [...guide.matchAll(/```json\n([\s\S]*?)```/g)].map(
  ([, text]) => text ?? '',
);

test('the fault file and the control lines that it shows are accepted', () => {
  const parsed = parse(scheduleSchema, JSON.parse(faultFile));
  assert.ok(parsed.ok, JSON.stringify(parsed));
  for (const line of controlLines.trim().split('\n')) assert.ok(parse(controlRequestSchema, JSON.parse(line)).ok, line);
});

for (const [what, names] of [
  ['option', simulateCommand().options.flatMap(({ long }) => long ?? [])],
  ['profile', Object.keys(DEVICE_OF_PROFILE)],
  ['fault', faultSchema.options.map(({ shape }) => shape.kind.value)],
  ['sensor', SENSOR_NAMES],
  ['setting', Object.keys({ ...startSettingsSchema.shape, ...plantChangeSchema.shape })],
  ['request', controlRequestSchema.options.map(({ shape }) => shape.do.value)],
] as const) {
  test(`every ${what} is in it`, () => {
    assert.equal(
      names.filter((name) => !new RegExp(`[\`"]${name}\\b`).test(guide)),
      [],
    );
  });
}

test.run();
