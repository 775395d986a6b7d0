/** `bessd profile scan --write`: a profile for this very device, that passes the check and that a site can run with. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from '../../contracts/parse.ts';
import type { Profile } from '../../contracts/profile.ts';
import { profileSchema } from '../../contracts/profile.ts';
import { Fault } from '../../contracts/faults.ts';
import { scanSunspec } from '../../io/sunspec-scan.ts';
import { problemsOf, warningsOf } from '../../scripts/cli/profile-judgement.ts';
import { startingProfile } from '../../scripts/cli/starting-profile.ts';
import type { StartingProfile } from '../../scripts/cli/starting-profile.ts';
import { createAsset } from '../../simulator/asset.ts';
import type { FaceName } from '../../simulator/faces.ts';
import type { PlantSettings } from '../../simulator/plant-settings.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import { virtualSite } from '../scenarios/virtual-site.ts';

const test = suite('starting profile');
const folder = mkdtempSync(path.join(tmpdir(), 'bessd-profile-'));
test.after(() => rmSync(folder, { recursive: true }));

const COMMANDED: readonly (readonly [face: FaceName, plant: Partial<PlantSettings>, control: RegExp])[] = [
  ['sunspec-der', {}, /704/],
  ['sunspec-der', { sunspecBase: 50_000, extraRegisters: { '701': 9 } }, /704/],
  ['sunspec-der', { notImplemented: ['715.ControllerHb', '704.WSetRvrtRem', '803.ModTmpMax', '713.SoC'] }, /704/],
  ['sunspec-storage', {}, /124/],
  ['sunspec-storage', { inverterModel: 113 }, /124/],
];

for (const [face, plant, control] of COMMANDED) {
  test(`${face} ${JSON.stringify(plant)}: passes the check, polls, and carries out an order`, async () => {
    const started = await scanned(face, plant);
    assert.match(started.control, control);
    assert.ok(
      started.remarks.some((remark) => remark.startsWith('no limits on')),
      'says which limits are off',
    );
    const site = await virtualSite({ face, plant, asset: { profile: written(started.profile), idle: 'hold' } });
    assert.equal([site.asset().connection, site.asset().soc_pct, site.asset().quality], ['online', 50, 'good']);
    const reply = await site.dispatch(10_000, 60);
    assert.ok(reply.ok, JSON.stringify(reply));
    await site.run(8000);
    assert.ok(
      site.events('command').some(({ phase }) => phase === 'verified'),
      'the power follows',
    );
  });
}

test('without setpoint and rates a bank is stopped by model 802, and without that the device is only read', async () => {
  const bank = await scanned('bms');
  assert.match(bank.control, /802/);
  assert.is(bank.profile.control?.sequences.charge, undefined);
  const read = await scanned('bms', { notImplemented: ['802.SetInvState'] });
  assert.is(read.profile.control, undefined);
  const site = await virtualSite({ face: 'bms', asset: { profile: written(read.profile) } });
  assert.equal([site.asset().connection, site.asset().soc_pct], ['online', 50]);
  const refused = await site.dispatch(1000, 60);
  assert.is(!refused.ok && refused.code, 'READ_ONLY');
});

test('a device that counts no reversion time is not commanded by its setpoint', async () => {
  const started = await scanned('sunspec-der', { notImplemented: ['704.WSetRvrtTms'] });
  assert.match(started.control, /802/);
});

test('a hybrid whose inputs do not say which is the battery is not commanded', async () => {
  const started = await scanned('sunspec-storage', { notImplemented: ['160.module[2].IDStr'] });
  assert.equal([started.profile.control, started.remarks.length > 0], [undefined, true]);
});

test.run();

async function scanned(face: FaceName, plant: Partial<PlantSettings> = {}): Promise<StartingProfile> {
  const { device } = createAsset({
    clock: virtualClock(),
    face,
    settings: { serialNumber: 'HV1', pvW: 0, loadW: 0, ...plant },
  });
  const { models } = await scanSunspec({
    read: (register, count) => {
      const words = device.read(register, count, 1);
      return 'exception' in words
        ? Promise.reject(new Fault('DEVICE_EXCEPTION', '', { details: { exception: words.exception } }))
        : Promise.resolve(words);
    },
    write: () => Promise.reject(new Error('a scan does not write')),
    drop: () => undefined,
  });
  return startingProfile('scanned', models);
}

/** Its path, after it has passed the check without a problem. */
function written(profile: Profile): string {
  const file = path.join(folder, 'scanned.json');
  writeFileSync(file, JSON.stringify(profile));
  const parsed = parse(profileSchema, JSON.parse(JSON.stringify(profile)));
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.problems));
  assert.equal([problemsOf(parsed.value), warningsOf(parsed.value, 'scanned.json')], [[], []]);
  return file;
}
