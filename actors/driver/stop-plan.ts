/**
 * The stop plan of one device, for the stopper: address, proof of identity, registers and words of the `estop` sequence,
 * as they are on this connection, and stay valid for the next one.
 */
import type { DevicePort } from '../../contracts/ports.ts';
import { registersOf } from '../../contracts/profile.ts';
import type { StopPlan } from '../../contracts/stopper.ts';
import { planReads } from '../../machines/device/read-plan.ts';
import { expandSequence } from '../../machines/device/sequence.ts';
import { addressOf, boundOf } from './cockpit.ts';
import { situationOf } from './situation.ts';
import type { Cockpit } from './cockpit.ts';
import { sequenceValuesOf } from './door.ts';

/** Reads the serial number once more, as the stopper will read it. An asset that cannot be stopped leaves no plan. */
export async function leaveStopPlan(cockpit: Cockpit, port: DevicePort): Promise<void> {
  const { stopperLine, asset, profile: written } = cockpit.input;
  if (!stopperLine || !written.control) return;
  const { profile, points } = boundOf(cockpit);
  const expanded = expandSequence(profile, 'estop', sequenceValuesOf(cockpit));
  const [block] = planReads(profile, points, (name) => name === profile.identity.serial);
  const place = block?.points.find(({ name }) => name === profile.identity.serial);
  if (!expanded.ok || !block || !place) return;
  const words = await port.read(block.register, block.count, block.space);
  const plan: StopPlan = {
    assetId: asset.id,
    address: addressOf(cockpit.input),
    connectDelayMs: profile.transport.connectDelayMs,
    serial: {
      space: block.space,
      register: block.register,
      count: block.count,
      at: place.offset,
      words: words.slice(place.offset, place.offset + registersOf(place.point)),
    },
    steps: expanded.transactions.map(({ register, words: values, functionCode, trigger, engages }) => ({
      register,
      words: [...values],
      functionCode,
      trigger,
      engages,
    })),
  };
  stopperLine.plans.set(asset.id, () => {
    const { readOnly, context } = situationOf(cockpit);
    return readOnly || context.maintenance !== undefined ? undefined : plan;
  });
}
