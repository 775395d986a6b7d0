/** The plant's physics and its vendor control, stepped by numbers instead of a clock. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Controls } from '../../simulator/plant-control.ts';
import type { PlantSettings } from '../../simulator/plant-settings.ts';
import { DEFAULT_SETTINGS } from '../../simulator/plant-settings.ts';
import { Plant } from '../../simulator/plant.ts';

const test = suite('plant');
const DISCHARGE: Partial<Controls> = { command: 'discharge', forcedDischargeW: 10_000, periodMin: 2 };

test('stored energy falls by what the battery gave, to the watt-hour', () => {
  const plant = plantWith({}, { ...DISCHARGE, periodMin: 120 });
  const before = plant.state().storedWh;
  plant.advanceTo(3_600_000);
  const { storedWh, dischargedWh, chargedWh } = plant.state();
  assert.ok(Math.abs(dischargedWh - 10_000) < 5, `${dischargedWh}`);
  assert.is(chargedWh, 0);
  assert.ok(Math.abs(before - storedWh - dischargedWh) < 1e-6);
});

test('load is what comes from the grid plus what comes from the inverter, in every mode', () => {
  const plant = plantWith({ loadW: 7000, pvW: 4000 });
  const modes: Partial<Controls>[] = [
    {},
    DISCHARGE,
    { command: 'charge', forcedChargeW: 20_000 },
    { command: 'none', limitChargeW: 0, limitDischargeW: 0 },
    { on: false },
  ];
  modes.forEach((mode, at) => {
    plant.control(mode);
    for (const offsetMs of [100, 2000]) {
      plant.advanceTo(at * 10_000 + offsetMs);
      const { gridW, acW, loadW } = plant.state();
      assert.ok(Math.abs(loadW - gridW - acW) < 1e-6);
    }
  });
});

test('charging and discharging cost the inverter losses once each way', () => {
  const plant = plantWith({}, DISCHARGE);
  plant.advanceTo(1000);
  assert.is(plant.state().acW, 9600);
  plant.control({ command: 'charge', forcedChargeW: 9600 });
  plant.advanceTo(3000);
  assert.ok(Math.abs(plant.state().acW + 10_000) < 1e-6);
});

test('leaving forced mode hands the battery to self-consumption, not to zero', () => {
  const plant = plantWith({ loadW: 4800 }, DISCHARGE);
  plant.advanceTo(1000);
  plant.control({ command: 'none' });
  plant.advanceTo(2000);
  assert.is(plant.state().batteryW, 5000);
  assert.ok(Math.abs(plant.state().gridW) < 1e-6);
});

test('self-consumption charges from the sun that the house does not need', () => {
  const plant = plantWith({ loadW: 0, pvW: 8000 });
  plant.advanceTo(1000);
  assert.is(plant.state().batteryW, -8000);
  assert.is(plant.state().acW, 0);
});

test('limits of zero stop both directions even with load, sun and a forced command', () => {
  const plant = plantWith({ loadW: 20_000 }, { ...DISCHARGE, limitChargeW: 0, limitDischargeW: 0 });
  plant.advanceTo(1000);
  assert.is(plant.state().batteryW, 0);
  plant.control({ command: 'none' });
  plant.advanceTo(2000);
  assert.is(plant.state().batteryW, 0);
  plant.set({ loadW: 0, pvW: 20_000 });
  plant.advanceTo(3000);
  assert.is(plant.state().batteryW + 0, 0);
});

test('the forced period ends by itself and the working mode takes over', () => {
  const plant = plantWith({ loadW: 960 }, {});
  plant.control(DISCHARGE);
  plant.advanceTo(119_000);
  assert.is(plant.state().batteryW, 10_000);
  plant.advanceTo(121_000);
  assert.is(plant.controls.command, 'none');
  assert.is(plant.state().batteryW, 1000);
});

for (const rearm of [{ periodMin: 2 }, { command: 'discharge' }] as const) {
  test(`a forced period that is written again (${Object.keys(rearm).join()}) starts anew`, () => {
    const plant = plantWith();
    plant.control(DISCHARGE);
    plant.advanceTo(90_000);
    plant.control(rearm);
    plant.advanceTo(200_000);
    assert.is(plant.state().batteryW, 10_000);
    plant.advanceTo(211_000);
    assert.is(plant.state().batteryW, 0);
  });
}

test('a deaf device keeps discharging when its period is over', () => {
  const plant = plantWith({ deaf: true });
  plant.control(DISCHARGE);
  plant.advanceTo(600_000);
  assert.is(plant.state().batteryW, 10_000);
});

test('a device that is forced to a target SOC stops there', () => {
  const plant = plantWith({}, { byTargetSoc: true, targetSocPct: 49.9 });
  plant.control({ command: 'discharge', forcedDischargeW: 100_000 });
  plant.advanceTo(60_000);
  assert.is(plant.controls.command, 'none');
  assert.ok(Math.abs(plant.state().socPct - 49.9) < 0.05);
});

test('the slow actuator is at 90 % after 20 s and done before 25 s', () => {
  const plant = plantWith({ actuatorMs: 20_000 });
  plant.control(DISCHARGE);
  plant.advanceTo(20_000);
  assert.ok(Math.abs(plant.state().batteryW - 9000) < 10);
  plant.advanceTo(25_000);
  assert.is(plant.state().batteryW, 10_000);
});

test('a power stage that is stuck on ignores limits; a shutdown ends it', () => {
  const plant = plantWith({ stuckOnW: 15_000 }, { limitChargeW: 0, limitDischargeW: 0 });
  plant.advanceTo(1000);
  assert.is(plant.state().batteryW, 15_000);
  plant.control({ on: false });
  plant.advanceTo(2000);
  assert.is(plant.state().batteryW, 0);
  plant.set({ on: true, stuckOnW: null });
  plant.advanceTo(3000);
  assert.is(plant.state().batteryW, 0);
});

test('where the forced power is a ceiling for PV, forcing 0 W throttles the panels', () => {
  const forced = { command: 'discharge', forcedDischargeW: 0, periodMin: 2 } as const;
  const throttled = plantWith({ pvW: 6000, forcedCeiling: true }, forced);
  const free = plantWith({ pvW: 6000 }, forced);
  assert.is(throttled.state().pvW, 0);
  assert.is(free.state().pvW, 6000);
});

test('an empty battery gives nothing and a full one takes nothing', () => {
  const empty = plantWith({ loadW: 50_000, capacityWh: 100 }, {}, 5);
  empty.advanceTo(60_000);
  assert.equal([empty.state().socPct, empty.state().batteryW], [0, 0]);
  const full = plantWith({ pvW: 50_000, capacityWh: 100 }, {}, 95);
  full.advanceTo(60_000);
  assert.ok(Math.abs(full.state().socPct - 100) < 1e-9);
  assert.is(full.state().batteryW + 0, 0);
});

test('a reboot keeps limits and forgets what was forced', () => {
  const plant = plantWith({}, { limitDischargeW: 30_000 });
  plant.control(DISCHARGE);
  plant.advanceTo(5000);
  plant.reboot();
  const { controls, batteryW } = plant.state();
  assert.equal(
    [controls.limitDischargeW, controls.command, controls.forcedDischargeW, controls.periodMin, batteryW],
    [30_000, 'none', 0, 0, 0],
  );
});

test('after a reboot the battery ramps to the working mode again', () => {
  const plant = plantWith({ loadW: 9600 });
  plant.advanceTo(5000);
  plant.reboot();
  assert.is(plant.state().batteryW, 0);
  plant.advanceTo(6000);
  assert.is(plant.state().batteryW, 10_000);
});

test('temperatures that were set stay until they are handed back to physics', () => {
  const plant = plantWith({ packs: 2 });
  plant.set({ packTemperaturesC: [55, -5] });
  plant.advanceTo(600_000);
  assert.equal(plant.state().packTemperaturesC, [55, -5]);
  plant.set({ packTemperaturesC: null });
  plant.advanceTo(7_200_000);
  const [hot = 0, cold = 0] = plant.state().packTemperaturesC;
  assert.ok(hot < 55 && cold > -5);
});

test('the resting voltage of a cell is flat in the middle and steep at its ends', () => {
  const at = (socPct: number): number => plantWith({ cellSpreadMv: 0 }, {}, socPct).state().cellV.avg;
  const volts = [0, 5, 20, 50, 80, 97, 100].map(at);
  assert.equal(
    volts.map((value) => Math.round(value * 1000)),
    [2800, 3100, 3250, 3300, 3330, 3400, 3500],
  );
});

test('load pulls the voltage down, charging lifts it, and the spread lies around the middle', () => {
  const rest = plantWith({ cellSpreadMv: 100 }).state();
  const busy = [
    { command: 'discharge', forcedDischargeW: 100_000, periodMin: 1 },
    { command: 'charge', forcedChargeW: 100_000, periodMin: 1 },
  ] as const;
  const [low = 0, high = 0] = busy.map((controls) => {
    const plant = plantWith({}, controls);
    plant.advanceTo(500);
    return plant.state().busVoltageV;
  });
  assert.ok(low < rest.busVoltageV && rest.busVoltageV < high);
  assert.is(Math.round((rest.cellV.max - rest.cellV.min) * 1000), 100);
  assert.is(Math.round(rest.busVoltageV), Math.round(rest.cellV.avg * 200));
});

test('health falls by use: 20 % in so many full cycles, and with it the energy of a full battery', () => {
  const plant = plantWith({ capacityWh: 1000, cycleLife: 10, ratedW: 10_000 }, {}, 100);
  for (let at = 1; at <= 4; at += 1) {
    plant.control({ command: 'discharge', forcedDischargeW: 10_000, periodMin: 60 });
    plant.advanceTo(at * 3_600_000 - 1_800_000);
    plant.control({ command: 'charge', forcedChargeW: 10_000, periodMin: 60 });
    plant.advanceTo(at * 3_600_000);
  }
  const { sohPct, cycles, storedWh, socPct } = plant.state();
  assert.ok(Math.abs(cycles - 3.85) < 0.1, `${cycles}`);
  assert.ok(Math.abs(sohPct - (100 - 2 * cycles)) < 1e-6, `${sohPct}`);
  assert.ok(Math.abs(storedWh - 10 * sohPct) < 2, `${storedWh}`);
  assert.is(Math.round(socPct), 100);
});

test('a set health resizes the battery, its share stays', () => {
  const plant = plantWith();
  plant.set({ sohPct: 80 });
  const { storedWh, socPct, sohPct } = plant.state();
  assert.equal([Math.round(storedWh), socPct, sohPct], [80_000, 50, 80]);
});

test('a power set at the AC terminal is reached with the losses and the panels counted', () => {
  const plant = plantWith({ pvW: 2000 }, { acSetpointW: 9600 });
  plant.advanceTo(1000);
  assert.is(Math.round(plant.state().acW), 9600);
  plant.control({ acSetpointW: -9600 });
  plant.advanceTo(2000);
  assert.is(Math.round(plant.state().acW), -9600);
});

test('a ramp in watts per second is kept', () => {
  const plant = plantWith({}, { ...DISCHARGE, rampWPerS: 1000 });
  plant.advanceTo(4000);
  assert.ok(Math.abs(plant.state().batteryW - 4000) < 60, `${plant.state().batteryW}`);
});

test('the same calls give the same trace, however the time between them is cut', () => {
  const [once, often] = [plantWith({ loadW: 3000 }), plantWith({ loadW: 3000 })];
  for (const plant of [once, often]) plant.control(DISCHARGE);
  once.advanceTo(130_000);
  for (let ms = 0; ms <= 130_000; ms += 500) often.advanceTo(ms);
  assert.is(once.state().batteryW, often.state().batteryW);
  assert.ok(Math.abs(once.state().socPct - often.state().socPct) < 1e-3);
});

test.run();

function plantWith(settings: Partial<PlantSettings> = {}, controls: Partial<Controls> = {}, socPct = 50): Plant {
  const plant = new Plant({ ...DEFAULT_SETTINGS, ...settings }, { socPct });
  plant.control(controls);
  return plant;
}
