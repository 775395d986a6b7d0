/** Looks at a simulated SunSpec device as a client does: found by bessd's own scan, read by its decoder, written by name. */
import * as assert from 'uvu/assert';
import { Fault } from '../../contracts/faults.ts';
import type { DevicePort } from '../../contracts/ports.ts';
import { loadSunspecModel } from '../../io/sunspec-models.ts';
import { scanSunspec } from '../../io/sunspec-scan.ts';
import { decodeModel } from '../../machines/sunspec/decode.ts';
import { exponentOf, layModel } from '../../machines/sunspec/layout.ts';
import type { SimulatedAsset } from '../../simulator/asset.ts';
import { createAsset } from '../../simulator/asset.ts';
import type { FaceName } from '../../simulator/faces.ts';
import type { PlantSettings } from '../../simulator/plant-settings.ts';
import type { VirtualClock } from '../../supervisor/clock.ts';
import { virtualClock } from '../../supervisor/clock.ts';
import { encoded } from '../sunspec/image.ts';

export type Seen = Readonly<Record<string, number | string | null>>;
export type SunspecClient = {
  readonly base: number;
  /** Ids of the models, in their order. */
  readonly ids: readonly number[];
  /** Points of one model. */
  readonly read: (id: number) => Promise<Seen>;
  /** One point, in its unit; the exception when it is refused. */
  readonly write: (id: number, name: string, value: number) => Promise<number | undefined>;
};

export type SunspecSite = {
  readonly asset: SimulatedAsset;
  readonly clock: VirtualClock;
  readonly client: SunspecClient;
};

export async function sunspecClient({ device }: Pick<SimulatedAsset, 'device'>): Promise<SunspecClient> {
  const port: DevicePort = {
    read: (register, count) => {
      const words = device.read(register, count, 1);
      return 'exception' in words
        ? Promise.reject(new Fault('DEVICE_EXCEPTION', 'refused', { details: { ...words } }))
        : Promise.resolve(words);
    },
    write: () => Promise.reject(new Error('a scan writes nothing')),
    drop: () => undefined,
  };
  const { base, models, remarks } = await scanSunspec(port);
  assert.equal(remarks, []);

  return {
    base,
    ids: models.map(({ id }) => id),
    async read(id) {
      const { definition, words } = await model(id);
      return Object.fromEntries(decodeModel(definition, words).map(({ name, value }) => [name, value]));
    },
    async write(id, name, value) {
      const { definition, words, offset } = await model(id);
      const laid = layModel(definition, words).find((point) => point.name === name);
      if (!laid) throw new Error(`model ${id} has no ${name}`);
      const raw = BigInt(Math.round(value / 10 ** (exponentOf(laid.point, laid.scope) ?? 0)));
      const bytes = encoded({ name, type: laid.point.type, size: laid.point.size }, raw);
      const written = Array.from({ length: bytes.length / 2 }, (_, at) => bytes.readUInt16BE(at * 2));
      return device.write(base + offset + laid.offset, written, 16, 1)?.exception;
    },
  };

  async function model(id: number) {
    const found = (await scanSunspec(port)).models.find((one) => one.id === id);
    const definition = loadSunspecModel(id);
    if (!found || !definition) throw new Error(`the device has no model ${id}`);
    return { ...found, definition };
  }
}

export async function derSite(
  settings: Partial<PlantSettings> = {},
  face: FaceName = 'sunspec-der',
): Promise<SunspecSite> {
  const clock = virtualClock();
  const asset = createAsset({ clock, face, settings });
  return { asset, clock, client: await sunspecClient(asset) };
}

export async function force(client: SunspecClient, powerW: number): Promise<void> {
  await client.write(704, 'WSetMod', 1);
  await client.write(704, 'WSet', powerW);
  await client.write(704, 'WSetEna', 1);
}
