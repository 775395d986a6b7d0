/**
 * The first exchange on every connection: who are you? (control rules 5)
 *
 * Model and serial must be those of the asset; a device that is not the configured one gets no write at all. A firmware
 * that differs from the accepted one makes the asset read-only until a person accepts it.
 */
import { placeOf } from '../../contracts/device-link.ts';
import { Fault } from '../../contracts/faults.ts';
import type { DevicePort } from '../../contracts/ports.ts';
import { planReads } from '../../machines/device/read-plan.ts';
import { sampleBlock } from '../../machines/device/telemetry.ts';
import type { Samples } from '../../machines/device/telemetry.ts';
import { bindDevice } from './bind-device.ts';
import { boundOf } from './cockpit.ts';
import { firmwareChanged } from './situation.ts';
import type { Bound, Cockpit } from './cockpit.ts';
import { recallProof } from './drill-record.ts';
import { noteOriginals, recallOriginals } from './originals.ts';
import { proveSerial } from './serial-proof.ts';

export async function identify(cockpit: Cockpit, port: DevicePort): Promise<void> {
  const { asset, board, staleAfter } = cockpit.input;
  cockpit.bound = await bound(cockpit, port);
  const { profile, points } = cockpit.bound;
  const { identity, transport } = profile;
  let samples: Samples = {};
  const read = async (wanted: (name: string) => boolean): Promise<void> => {
    for (const block of planReads(profile, points, wanted)) {
      const words = await port.read(block.register, block.count, block.space);
      samples = { ...samples, ...sampleBlock(block, words, cockpit.clock.now(), staleAfter, transport.wordOrder) };
    }
  };
  await read((name) => name === identity.model || name === identity.serial || name === identity.firmware);
  const text = (point: string): string => String(samples[point]?.value ?? '');
  const model = text(identity.model);
  const serial = text(identity.serial);
  const firmware = text(identity.firmware);

  const expected = asset.serial ?? cockpit.serial;
  const modelFits = new RegExp(identity.modelPattern).test(model);
  const serialFits = serial !== '' && (expected === undefined || serial === expected);
  board.alarm(
    'wrong-device',
    !modelFits || !serialFits,
    'P1',
    `another device answers at ${placeOf(asset.modbus)}: model "${model}", serial "${serial}"`,
    asset.id,
  );
  if (!modelFits)
    throw new Fault('WRONG_IDENTITY', `model "${model}" at ${asset.id}, expected one like ${identity.modelPattern}`);
  if (!serialFits)
    throw new Fault('WRONG_IDENTITY', `serial "${serial}" at ${asset.id}, expected ${expected ?? 'any'}`);

  cockpit.serial = serial;
  cockpit.firmware = firmware;
  await recallOriginals(cockpit, serial, firmware);
  // A stop may be the first write of all: what it overwrites must have been read before.
  const unread = cockpit.originals.state === 'unknown';
  if (unread) await read((name) => profile.points[name]?.writable?.persistent === true);
  await recallProof(cockpit, serial, firmware);
  board.alarm(
    'firmware-changed',
    firmwareChanged(cockpit),
    'P2',
    `firmware is "${firmware}", accepted is "${cockpit.acceptedFirmware}": the asset is read-only until somebody accepts it`,
    asset.id,
  );
  cockpit.samples = { ...samples };
  if (unread) noteOriginals(cockpit);
  cockpit.identityProven = true;
}

/**
 * After a connection that was closed between two polls: the device of the identification, or the session ends, and the
 * next one begins with all of it.
 */
export async function identifyAgain(cockpit: Cockpit, port: DevicePort): Promise<void> {
  const { profile, points } = boundOf(cockpit);
  await proveSerial(cockpit, port);
  const { firmware } = profile.identity;
  for (const block of planReads(profile, points, (name) => name === firmware)) {
    const words = await port.read(block.register, block.count, block.space);
    const samples = sampleBlock(
      block,
      words,
      cockpit.clock.now(),
      cockpit.input.staleAfter,
      profile.transport.wordOrder,
    );
    const found = String(samples[firmware]?.value ?? '');
    if (found !== cockpit.firmware)
      throw new Fault(
        'WRONG_IDENTITY',
        `firmware "${found}" at ${cockpit.input.asset.id}, it was "${cockpit.firmware}"`,
      );
  }
  cockpit.identityProven = true;
}

/** What does not speak SunSpec is another device too. */
async function bound(cockpit: Cockpit, port: DevicePort): Promise<Bound> {
  try {
    return await bindDevice(cockpit, port);
  } catch (error) {
    const { asset, board } = cockpit.input;
    if (error instanceof Fault && error.code === 'WRONG_IDENTITY')
      board.alarm('wrong-device', true, 'P1', `${placeOf(asset.modbus)}: ${error.message}`, asset.id);
    throw error;
  }
}
