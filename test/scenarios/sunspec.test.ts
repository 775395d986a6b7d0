/** A SunSpec storage inverter (704 and 715) under the whole site: orders, stops, reversion, scale factors, authority. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../contracts/faults.ts';
import { memoryNetwork } from '../../simulator/memory-device.ts';
import type { PlantSettings } from '../../simulator/plant-settings.ts';
import { TOKENS, virtualSite } from './virtual-site.ts';
import type { VirtualSite } from './virtual-site.ts';

const test = suite('SunSpec storage inverter');

test('an order is written in the order of the standard, enable last, and followed at the AC terminal', async () => {
  const site = await sunspecSite();
  await site.run(2000);
  const mark = site.writes().length;
  const reply = await site.dispatch(20_000, 60);
  assert.ok(reply.ok, JSON.stringify(reply));
  assert.equal(reply.data.assets[0].written_w, 20_000);
  await site.run(3000);
  assert.equal(
    site
      .writes()
      .slice(mark)
      .map(({ register }) => nameOf(site, register))
      .slice(0, 7),
    ['ControllerHb', 'WSetRvrt', 'WSetEnaRvrt', 'WSetMod', 'WSet', 'WSetEna'],
  );
  assert.is(Math.round(acOf(site)), 20_000);
  assert.ok(site.events('command').some(({ phase }) => phase === 'verified'));
});

test('charging is the negative setpoint', async () => {
  const site = await sunspecSite();
  assert.ok((await site.dispatch(-15_000, 60)).ok);
  await site.run(3000);
  assert.is(Math.round(acOf(site)), -15_000);
});

test('at the end of an order the battery is held at zero, enabled, with zero after reversion', async () => {
  const site = await sunspecSite();
  await site.dispatch(20_000, 10);
  await site.run(13_000);
  assert.equal(await shown(site), { WSetEna: 1, WSetMod: 1, WSet: 0, WSetRvrt: 0, WSetEnaRvrt: 1 });
  await site.run(60_000);
  assert.is(Math.round(acOf(site)), 0);
});

test('an E-stop writes zero first and STOP last; after the reset nothing starts, and an order starts it again', async () => {
  const site = await sunspecSite();
  await site.dispatch(20_000, 600);
  await site.run(3000);
  const mark = site.writes().length;
  const stop = await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
  assert.equal(stop.ok && stop.data.zero, ['bess-1']);
  const names = site
    .writes()
    .slice(mark)
    .map(({ register }) => nameOf(site, register));
  assert.equal(names.slice(0, 3), ['WSetMod', 'WSetEna', 'OpCtl']);
  await site.run(2000);
  assert.is(site.plants[0]?.state().controls.on, false);
  await resetEstop(site);
  await site.run(5000);
  assert.is(site.plants[0]?.state().controls.on, false, 'a reset starts nothing');
  const reply = await site.dispatch(10_000, 60);
  assert.ok(reply.ok, JSON.stringify(reply));
  await site.run(3000);
  assert.is(site.plants[0]?.state().controls.on, true);
  assert.is(Math.round(acOf(site)), 10_000);
});

test('under LOCAL nothing is written and orders are refused', async () => {
  const site = await sunspecSite({ localControl: true });
  await site.run(2000);
  const mark = site.writes().length;
  const reply = await site.dispatch(1000, 60);
  assert.is(!reply.ok && reply.code, 'LOCAL');
  await site.run(10_000);
  assert.is(site.writes().length, mark);
  assert.is(site.asset().local, true);
});

test('a key turned to LOCAL ends the order', async () => {
  const site = await sunspecSite();
  await site.dispatch(20_000, 600);
  await site.run(3000);
  site.plants[0]?.set({ localControl: true });
  await site.run(3000);
  assert.is(site.asset().order, null);
  assert.ok(site.events('command').some(({ reason }) => reason === 'LOCAL'));
});

test('the dead-man is armed only once its timer was seen to fall and to jump back, and the cap stays', async () => {
  const site = await sunspecSite({}, { unprovenDeadmanMaxW: 40_000 });
  assert.is(site.asset().deadman.state, 'unproven');
  await site.dispatch(20_000, 600);
  await site.run(8000);
  assert.is(site.asset().deadman.state, 'unproven', 'fallen, not yet jumped back');
  await site.run(5000);
  assert.equal([site.asset().deadman.state, site.asset().deadman.max_w], ['armed', 40_000]);
  await site.run(120_000);
  assert.is(Math.round(acOf(site)), 20_000, 'armed again in time');
});

test('a timer that stands still is not armed, and an alarm says so', async () => {
  const site = await sunspecSite({ timersStill: true });
  await site.dispatch(20_000, 600);
  await site.run(30_000);
  assert.is(site.asset().deadman.state, 'not_counting');
  assert.ok(alarmOf(site, 'deadman-not-counting'));
});

test('a runtime that falls silent leaves the battery at zero after the reversion time', async () => {
  const site = await sunspecSite();
  await site.dispatch(20_000, 600);
  await site.run(5000);
  site.network.cut();
  site.site.system.kill();
  await site.run(20_000);
  assert.is(Math.round(acOf(site)), 20_000);
  await site.run(12_000);
  assert.is(Math.round(acOf(site)), 0);
});

for (const when of ['before an order', 'while an order is under way'] as const) {
  test(`a scale factor that changes behind a gateway ${when}: no setpoint goes out under the old one`, async () => {
    const site = await sunspecSite({ scaleFactors: { WSet_SF: 0 } });
    if (when !== 'before an order') {
      await site.dispatch(20_000, 600);
      await site.run(3500);
    }
    const mark = site.writes().length;
    site.plants[0]?.set({ scaleFactors: { WSet_SF: 2 } });
    await site.dispatch(5000, 600);
    await site.run(20_000);
    const setpoints = site
      .writes()
      .slice(mark)
      .filter(({ register }) => nameOf(site, register) === 'WSet')
      .map(({ words }) => words.at(-1) ?? 0);
    assert.ok(
      setpoints.every((word) => word <= 50),
      `a raw 50 is 5 kW now: ${setpoints.join(', ')}`,
    );
    assert.ok(site.events('foreign_change').some(({ point }) => point === '704.WSet_SF'));
    assert.is(site.asset().connection, 'online', 'bound again');
    const reply = await site.dispatch(5000, 60);
    assert.ok(reply.ok, JSON.stringify(reply));
    await site.run(3000);
    assert.is(Math.round(acOf(site)), 5000, 'and an order goes by the new scale');
  });
}

test('a scale factor of a measurement that changes ends the session before the guard sees a wrong value', async () => {
  const site = await sunspecSite({ scaleFactors: { '713.Pct_SF': -1 } });
  site.plants[0]?.set({ scaleFactors: { '713.Pct_SF': 0 } });
  await site.run(10_000);
  assert.ok(site.events('foreign_change').some(({ point }) => point === '713.Pct_SF'));
  const socs = site.reports.flatMap((report) => (report.type === 'TELEMETRY' ? [report.report.soc_pct] : []));
  assert.ok(
    socs.every((soc) => soc === null || Math.abs(soc - 50) < 1),
    [...new Set(socs)].join(', '),
  );
  assert.is(site.asset().connection, 'online');
});

test('a stop does not wait for scale factors', async () => {
  const site = await sunspecSite({ scaleFactors: { WSet_SF: 0 } });
  await site.dispatch(20_000, 600);
  await site.run(3500);
  site.plants[0]?.set({ scaleFactors: { WSet_SF: 2 } });
  const mark = site.writes().length;
  const stop = await site.ask({ name: 'estop', body: { reason: 'test', issuer: 'test' } });
  assert.equal(stop.ok && stop.data.zero, ['bess-1']);
  assert.is(nameOf(site, site.writes()[mark]?.register ?? 0), 'WSetMod');
});

test('after a reboot the device is bound anew and held, and no order is revived', async () => {
  const site = await sunspecSite();
  await site.dispatch(20_000, 600);
  await site.run(3000);
  site.plants[0]?.reboot(2000);
  await site.run(20_000);
  assert.is(site.asset().connection, 'online');
  assert.is(site.asset().order, null);
  assert.is(Math.round(acOf(site)), 0);
  assert.equal((await shown(site))['WSetEna'], 1);
});

test('a setpoint that somebody else writes is reported and set right', async () => {
  const site = await sunspecSite();
  await site.dispatch(20_000, 600);
  await site.run(3000);
  const register = registerOf(site, 'WSet');
  const plant = site.plants[0];
  plant?.device.write(
    register,
    wordsOf(plant.device.read(register, 2, 1)).map((word, at) => (at === 1 ? word >> 1 : word)),
    16,
    1,
  );
  await site.run(5000);
  assert.ok(site.events('foreign_change').some(({ point }) => point === 'power_setpoint'));
  assert.is(Math.round(acOf(site)), 20_000);
});

test('a device that lacks what the profile needs is not used, and the alarm names it', async () => {
  const site = await sunspecSite({ notImplemented: ['704.WSetRvrtTms'] });
  await site.run(5000);
  assert.ok(alarmOf(site, 'profile-unfit')?.message.includes('704.WSetRvrtTms'));
  assert.is.not(site.asset().connection, 'online');
  assert.is(site.writes().length, 0);
});

test('a device that hid its models for a moment while a connection was made is found on the next one', async () => {
  // Of the second connection: where the models stood before, and the first one when all of them are walked.
  const hidden = [2, 4];
  const site = await virtualSite({
    face: 'sunspec-der',
    asset: { profile: 'sunspec-704' },
    openDevice: (clock, plants) => {
      const network = memoryNetwork({ clock, latencyMs: 2 });
      if (plants[0]) network.attach('127.0.0.1', 5020, plants[0]);
      let connections = 0;
      return async (address, signal) => {
        const port = await network.open(address, signal);
        const mine = (connections += 1);
        let reads = 0;
        return {
          ...port,
          read: (register, count, space) =>
            mine === 2 && hidden.includes((reads += 1))
              ? Promise.reject(new Fault('DEVICE_EXCEPTION', 'failure', { details: { exception: 4 } }))
              : port.read(register, count, space),
        };
      };
    },
  });
  assert.is(site.asset().connection, 'online');
  site.plants[0]?.faults.apply({ kind: 'reset' });
  await site.run(500);
  assert.ok(alarmOf(site, 'profile-unfit'), 'without its models it is not used');
  await site.run(10_000);
  assert.is(site.asset().connection, 'online');
});

test('models that are longer than their definitions are found all the same', async () => {
  const site = await sunspecSite({ extraRegisters: { '1': 2, '701': 40, '704': 8 }, sunspecBase: 50_000 });
  assert.ok((await site.dispatch(7000, 60)).ok);
  await site.run(3000);
  assert.is(Math.round(acOf(site)), 7000);
});

test.run();

function sunspecSite(plant: Partial<PlantSettings> = {}, asset: Record<string, unknown> = {}): Promise<VirtualSite> {
  return virtualSite({ face: 'sunspec-der', plant, asset: { profile: 'sunspec-704', ...asset } });
}

/** AC power as the plant itself has it, W. */
function acOf(site: VirtualSite): number {
  return site.plants[0]?.state().acW ?? Number.NaN;
}

function alarmOf(site: VirtualSite, id: string): { message: string } | undefined {
  return site.site.status().alarms.find(({ alarm_id }) => alarm_id === `bess-1.${id}`);
}

/** Offsets in the official definitions of 704 and 715. */
const POINTS: Readonly<Record<string, readonly [model: number, offset: number]>> = {
  WSetEna: [704, 22],
  WSetMod: [704, 23],
  WSet: [704, 24],
  WSetRvrt: [704, 26],
  WSetEnaRvrt: [704, 30],
  ControllerHb: [715, 5],
  OpCtl: [715, 8],
};

function registerOf(site: VirtualSite, name: string): number {
  const [model, offset] = POINTS[name] ?? [0, 0];
  for (let at = 40_002; ;) {
    const [id = 0xffff, length = 0] = wordsOf(site.plants[0]?.device.read(at, 2, 1));
    if (id === 0xffff) throw new Error(`no model ${model}`);
    if (id === model) return at + offset;
    at += 2 + length;
  }
}

function nameOf(site: VirtualSite, register: number): string {
  return Object.keys(POINTS).find((name) => registerOf(site, name) === register) ?? String(register);
}

async function shown(site: VirtualSite): Promise<Record<string, number>> {
  const read = (name: string): number => wordsOf(site.plants[0]?.device.read(registerOf(site, name), 2, 1)).at(0) ?? -1;
  const { WSet, WSetRvrt } = {
    WSet: wordsOf(site.plants[0]?.device.read(registerOf(site, 'WSet'), 2, 1)).at(-1) ?? -1,
    WSetRvrt: wordsOf(site.plants[0]?.device.read(registerOf(site, 'WSetRvrt'), 2, 1)).at(-1) ?? -1,
  };
  return { WSetEna: read('WSetEna'), WSetMod: read('WSetMod'), WSet, WSetRvrt, WSetEnaRvrt: read('WSetEnaRvrt') };
}

function wordsOf(answer: readonly number[] | { exception: number } | undefined): readonly number[] {
  if (!answer || 'exception' in answer) throw new Error(`no words: ${JSON.stringify(answer)}`);
  return answer;
}

async function resetEstop(site: VirtualSite): Promise<void> {
  for (const [issuer, tokenSha256] of [
    ['ana', TOKENS.ana],
    ['ben', TOKENS.ben],
  ] as const) {
    const reply = await site.ask({
      name: 'reset_estop',
      body: { issuer, tokenSha256, confirmed_safe: true, cause: 'test' },
    });
    assert.ok(reply.ok, JSON.stringify(reply));
  }
}
