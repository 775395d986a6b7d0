/**
 * Devices of their own for scenario tests, with plain registers: a meter at the grid connection of the whole virtual site,
 * and a battery management system beside an inverter.
 */
import type { Clock } from '../../../contracts/clock.ts';
import { createAsset } from '../../../simulator/asset.ts';
import type { SimulatedAsset } from '../../../simulator/asset.ts';
import { EXCEPTION, tappedDevice } from '../../../simulator/device.ts';
import type { VirtualSite } from '../virtual-site.ts';
import { virtualSite } from '../virtual-site.ts';
import type { VirtualOptions } from '../virtual-site.ts';

const HOST = '127.0.0.1';
const METER_PORT = 5100;
const BMS_PORT = 5200;

/** What the site file says of the meter. */
export const METER = {
  id: 'meter-1',
  profile: 'test/scenarios/instruments/pcc-meter.json',
  modbus: { host: HOST, port: METER_PORT },
};
/** What the site file says of the battery management system of the first asset. */
export const BMS = { profile: 'test/scenarios/instruments/bms.json', modbus: { host: HOST, port: BMS_PORT } };

export type MeteredSite = {
  readonly site: VirtualSite;
  readonly meter: SimulatedAsset;
  /** Load of the plant beside the assets, W. */
  loadW: number;
  /** Power at the grid connection as it is, W; positive = import. */
  readonly pccW: () => number;
};

/** A site whose grid connection a meter of its own measures. */
export async function meteredSite(options: VirtualOptions & { loadW?: number }): Promise<MeteredSite> {
  const site = await virtualSite({ ...options, site: { meters: [METER], ...options.site } });
  const self: MeteredSite = {
    site,
    loadW: options.loadW ?? 0,
    pccW: () => self.loadW - site.plants.reduce((sum, plant) => sum + plant.state().acW, 0),
    meter: plainDevice(site.clock, () => [
      ...text('METER-1', 4),
      ...text('M1', 4),
      ...text('1', 2),
      ...Array.from({ length: 10 }, () => 0),
      ...long(Math.round(self.pccW())),
      2300,
      5000,
    ]),
  };
  site.network.attach(HOST, METER_PORT, self.meter);
  await site.run(4000);
  return self;
}

export type BmsValues = {
  socPct: number;
  hottestC: number;
  coldestC: number;
  cellMaxV: number;
  cellMinV: number;
  maxChargeW: number;
  maxDischargeW: number;
  contactorOpen: boolean;
  alarms: number;
  /** 1 healthy, 2 fault. */
  insulation: number;
};

export type SiteWithBms = { readonly site: VirtualSite; readonly device: SimulatedAsset; readonly values: BmsValues };

/** A site whose first asset has a battery management system of its own. */
export async function siteWithBms(options: VirtualOptions = {}): Promise<SiteWithBms> {
  const values: BmsValues = {
    socPct: 50,
    hottestC: 25,
    coldestC: 24,
    cellMaxV: 3.3,
    cellMinV: 3.29,
    maxChargeW: 100_000,
    maxDischargeW: 100_000,
    contactorOpen: false,
    alarms: 0,
    insulation: 1,
  };
  const site = await virtualSite({ ...options, asset: { bms: BMS, ...options.asset } });
  const device = plainDevice(site.clock, () => [
    ...text('BMS-1', 4),
    ...text('B1', 4),
    ...text('1', 2),
    ...Array.from({ length: 10 }, () => 0),
    Math.round(values.socPct * 10),
    Math.round(values.hottestC * 10) & 0xffff,
    Math.round(values.coldestC * 10) & 0xffff,
    Math.round(values.cellMaxV * 1000),
    Math.round(values.cellMinV * 1000),
    ...long(values.maxChargeW),
    ...long(values.maxDischargeW),
    Number(values.contactorOpen),
    values.alarms,
    values.insulation,
  ]);
  site.network.attach(HOST, BMS_PORT, device);
  await site.run(4000);
  return { site, device, values };
}

/** Takes the device off the network. */
export function unplugMeter({ site }: MeteredSite): void {
  site.network.detach(HOST, METER_PORT);
}

export function unplugBms({ site }: SiteWithBms): void {
  site.network.detach(HOST, BMS_PORT);
}

export function plugBms({ site, device }: SiteWithBms): void {
  site.network.attach(HOST, BMS_PORT, device);
}

function plainDevice(clock: Clock, registers: () => readonly number[]): SimulatedAsset {
  const { device, tap } = tappedDevice({
    face: {
      read(register, count) {
        const words = registers();
        return Array.from({ length: count }, (_, at) => words[register + at] ?? 0);
      },
      write: () => ({ exception: EXCEPTION.illegalFunction }),
    },
    clock,
    unitIds: [1],
    advance: () => undefined,
    batteryPowerW: () => 0,
  });
  return { ...createAsset({ clock }), device, tap };
}

function text(letters: string, registers: number): number[] {
  const bytes = Buffer.alloc(2 * registers);
  bytes.write(letters, 'ascii');
  return Array.from({ length: registers }, (_, at) => bytes.readUInt16BE(2 * at));
}

function long(value: number): [number, number] {
  return [Math.floor(value / 0x1_0000) & 0xffff, value & 0xffff];
}
