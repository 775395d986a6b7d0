/** The DER face: models, signs, setpoints with reversion, operation, heartbeat, strings. Seen through bessd's own scan. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { derSite as site, force } from './sunspec-client.ts';

const test = suite('SunSpec DER face');
const LOCAL_REFUSAL = 4;
const STEADY = 1000;

test('says who it is', async () => {
  const { client } = await site({ serialNumber: 'HV777', modelName: 'DER-100', firmwareVersion: 'V2' });
  const { SN, Md, Vr } = await client.read(1);
  assert.equal([SN, Md, Vr], ['HV777', 'DER-100', 'V2']);
});

test('a discharging battery shows positive AC and DC power, a charging one negative', async () => {
  const { client, clock } = await site();
  await force(client, 9600);
  await clock.advance(STEADY);
  const { W, WL1 } = await client.read(701);
  const { DCW } = await client.read(714);
  assert.equal([W, WL1, DCW, (await client.read(802))['W']], [9600, 3200, 10_000, 10_000]);
  await force(client, -20_000);
  await clock.advance(STEADY);
  assert.equal([(await client.read(701))['W'], (await client.read(714))['Prt[1].DCW']], [-20_000, -19_200]);
});

test('the sign of the battery model can be the other one', async () => {
  const { client, clock } = await site({ positiveBattery: 'charge' });
  await force(client, 9600);
  await clock.advance(STEADY);
  const { W, A } = await client.read(802);
  assert.equal([W, Math.sign(Number(A))], [-10_000, -1]);
});

test('a setpoint in percent is a share of WMax', async () => {
  const { client, clock } = await site();
  await client.write(702, 'WMax', 50_000);
  await client.write(704, 'WSetMod', 0);
  await client.write(704, 'WSetPct', -30);
  await client.write(704, 'WSetEna', 1);
  await clock.advance(STEADY);
  assert.is((await client.read(701))['W'], -15_000);
});

test('panels count into the setpoint: the battery makes the rest', async () => {
  const { client, asset, clock } = await site({ pvW: 4000 });
  await force(client, 9600);
  await clock.advance(STEADY);
  assert.equal([Math.round(asset.state().batteryW), Math.round(asset.state().acW)], [6000, 9600]);
});

test('the reversion timer counts down, and at zero the reversion value holds', async () => {
  const { client, asset, clock } = await site({ loadW: 5000 });
  await client.write(704, 'WSetRvrt', 0);
  await client.write(704, 'WSetEnaRvrt', 1);
  await client.write(704, 'WSetRvrtTms', 60);
  assert.is((await client.read(704))['WSetRvrtRem'], 0, 'not before it is enabled');
  await force(client, 9600);
  assert.is((await client.read(704))['WSetRvrtRem'], 60);
  await clock.advance(45_000);
  assert.is((await client.read(704))['WSetRvrtRem'], 15);
  await client.write(704, 'WSet', 4800);
  assert.is((await client.read(704))['WSetRvrtRem'], 15, 'a new value alone does not arm it again');
  await client.write(704, 'WSetEna', 1);
  assert.is((await client.read(704))['WSetRvrtRem'], 60);
  await clock.advance(59_000);
  assert.is(Math.round(asset.state().acW), 4800);
  await clock.advance(2000);
  const { WSet, WSetEna, WSetRvrtRem } = await client.read(704);
  assert.equal([WSet, WSetEna, WSetRvrtRem, asset.state().batteryW + 0], [0, 1, 0, 0]);
});

test('where reversion disables the setpoint, the working mode takes over', async () => {
  const { client, asset, clock } = await site({ loadW: 4800 });
  await client.write(704, 'WSetRvrtTms', 10);
  await force(client, 9600);
  await clock.advance(12_000);
  assert.equal([(await client.read(704))['WSetEna'], asset.state().batteryW], [0, 5000]);
});

test('it fires at its time even if nobody looks for an hour', async () => {
  const { client, asset, clock } = await site();
  await client.write(704, 'WSetRvrtTms', 60);
  await force(client, 96_000);
  const before = asset.state().storedWh;
  await clock.advance(3_600_000);
  assert.ok(Math.abs(before - asset.state().storedWh - 100_000 / 60) < 5);
});

test('a deaf device counts to zero and goes on', async () => {
  const { client, asset, clock } = await site({ deaf: true });
  await client.write(704, 'WSetRvrtTms', 10);
  await force(client, 9600);
  await clock.advance(600_000);
  assert.equal([(await client.read(704))['WSetRvrtRem'], asset.state().batteryW], [0, 10_000]);
});

test('a timer that stands still never fires', async () => {
  const { client, asset, clock } = await site({ timersStill: true });
  await client.write(704, 'WSetRvrtTms', 10);
  await force(client, 9600);
  await clock.advance(600_000);
  assert.equal([(await client.read(704))['WSetRvrtRem'], asset.state().batteryW], [10, 10_000]);
});

test('curtailment limits what leaves the AC terminal, and reverts by its own timer', async () => {
  const { client, clock } = await site({ pvW: 80_000 });
  await client.write(704, 'WMaxLimPct', 20);
  await client.write(704, 'WMaxLimPctRvrtTms', 30);
  await client.write(704, 'WMaxLimPctEna', 1);
  await client.write(702, 'WChaRteMax', 0);
  await clock.advance(STEADY);
  assert.equal([(await client.read(701))['W'], (await client.read(701))['ThrotSrc']], [20_000, 1]);
  await clock.advance(30_000);
  assert.equal([(await client.read(704))['WMaxLimPctEna'], (await client.read(701))['W']], [0, 76_800]);
});

test('STOP ends power, START alone does not bring a lost setpoint back', async () => {
  const { client, asset, clock } = await site();
  await force(client, 9600);
  await clock.advance(STEADY);
  await client.write(715, 'OpCtl', 0);
  await clock.advance(STEADY);
  const { St, InvSt } = await client.read(701);
  assert.equal([asset.state().batteryW, St, InvSt, (await client.read(715))['OpCtl']], [0, 0, 0, 0]);
  await client.write(704, 'WSetEna', 0);
  await client.write(715, 'OpCtl', 1);
  await clock.advance(STEADY);
  assert.is(asset.state().batteryW + 0, 0);
});

test('standby holds zero and is left again', async () => {
  const { client, asset, clock } = await site();
  await force(client, 9600);
  await client.write(715, 'OpCtl', 2);
  await clock.advance(STEADY);
  assert.equal([asset.state().batteryW, (await client.read(701))['InvSt']], [0, 7]);
  await client.write(715, 'OpCtl', 3);
  await clock.advance(STEADY);
  assert.is(asset.state().batteryW, 10_000);
});

test('under LOCAL nothing can be written, and what was set stays', async () => {
  const { client, asset, clock } = await site();
  await force(client, 9600);
  asset.set({ localControl: true });
  assert.is(await client.write(704, 'WSetEna', 0), LOCAL_REFUSAL);
  assert.is(await client.write(715, 'OpCtl', 0), LOCAL_REFUSAL);
  await clock.advance(STEADY);
  assert.equal([asset.state().batteryW, (await client.read(715))['LocRemCtl']], [10_000, 1]);
});

test('its own heartbeat counts the seconds', async () => {
  const { client, clock } = await site();
  const first = Number((await client.read(715))['DERHb']);
  await clock.advance(7000);
  assert.is((await client.read(715))['DERHb'], first + 7);
});

test('a heartbeat of the controller that stops changing leads to standby, a new beat out of it', async () => {
  const { client, asset, clock } = await site({ controllerTimeoutMs: 5000 });
  await force(client, 9600);
  await clock.advance(20_000);
  assert.is(asset.state().batteryW, 10_000, 'not watched before the first beat');
  await client.write(715, 'ControllerHb', 1);
  await clock.advance(4000);
  await client.write(715, 'ControllerHb', 1);
  await clock.advance(2000);
  assert.is(asset.state().batteryW, 0);
  await client.write(715, 'ControllerHb', 2);
  await clock.advance(STEADY);
  assert.is(asset.state().batteryW, 10_000);
});

test('disconnecting the bank opens the contactor at once, connecting closes it', async () => {
  const { client, asset, clock } = await site({ actuatorMs: 20_000 });
  await force(client, 9600);
  await clock.advance(30_000);
  await client.write(802, 'SetOp', 2);
  assert.is(asset.state().batteryW, 0);
  assert.equal([(await client.read(802))['State'], (await client.read(803))['NStrCon']], [1, 0]);
  await client.write(802, 'SetOp', 1);
  await clock.advance(30_000);
  assert.is(asset.state().batteryW, 10_000);
});

test('the inverter state of the battery model stops and starts', async () => {
  const { client, asset, clock } = await site();
  await force(client, 9600);
  for (const [wanted, power] of [
    [1, 0],
    [3, 10_000],
    [2, 0],
    [3, 10_000],
  ] as const) {
    await client.write(802, 'SetInvState', wanted);
    await clock.advance(STEADY);
    assert.is(asset.state().batteryW, power, `SetInvState ${wanted}`);
  }
});

test('strings show their own temperatures and cells, and one that is off takes its share', async () => {
  const { client, asset, clock } = await site({ packs: 2, strings: 2, cellSpreadMv: 100, moduleSpreadC: 2 });
  asset.set({ packTemperaturesC: [40, -5] });
  const bank = await client.read(803);
  assert.equal(
    [bank['NStr'], bank['string[1].StrModTmpMax'], bank['string[2].StrModTmpMin'], bank['ModTmpMax']],
    [2, 42, -7, 42],
  );
  const { CellVMax, CellVMin } = await client.read(802);
  assert.is(Math.round((Number(CellVMax) - Number(CellVMin)) * 1000), 100);
  await client.write(803, 'string[2].StrSetCon', 2);
  await force(client, 96_000);
  await clock.advance(STEADY);
  assert.is(asset.state().batteryW, 50_000);
  assert.equal([(await client.read(803))['NStrCon'], (await client.read(803))['string[2].StrSetCon']], [1, 2]);
});

test('alarm bits stand where the models have them', async () => {
  const { client, asset } = await site();
  asset.set({ alarmBits: 1 << 7, batteryEvents: 0b1010 });
  assert.is((await client.read(701))['Alrm'], 128);
  assert.is((await client.read(802))['Evt1'], 10);
  assert.is((await client.read(803))['string[2].StrEvt1'], 10);
});

test('a reboot forgets the setpoint and keeps the settings', async () => {
  const { client, asset, clock } = await site();
  await client.write(702, 'WDisChaRteMax', 30_000);
  await client.write(704, 'WSetRvrtTms', 60);
  await force(client, 9600);
  asset.reboot();
  await clock.advance(STEADY);
  const { WSetEna, WSet, WSetRvrtTms, WSetRvrtRem } = await client.read(704);
  assert.equal([WSetEna, WSet, WSetRvrtTms, WSetRvrtRem], [0, 0, 0, 0]);
  assert.equal([(await client.read(702))['WDisChaRteMax'], asset.state().batteryW + 0], [30_000, 0]);
});

test('measurements are renewed every few seconds while control points echo at once', async () => {
  const { client, clock } = await site({ refreshMs: 3000, actuatorMs: 0 });
  await client.read(701);
  await force(client, 9600);
  await clock.advance(1000);
  assert.equal([(await client.read(704))['WSet'], (await client.read(701))['W']], [9600, 0]);
  await clock.advance(2500);
  assert.is((await client.read(701))['W'], 9600);
});

test.run();
