/**
 * Binding on every connection: where the points of the profile stand in the device that answers now.
 *
 * A profile with registers of its own needs no exchange for it. One with SunSpec references is bound to the models of the
 * device; a device that lacks what the profile needs is not used at all, and the alarm names what is missing.
 */
import { Fault } from '../../contracts/faults.ts';
import type { DevicePort } from '../../contracts/ports.ts';
import { installedPoints } from '../../machines/device/read-plan.ts';
import type { Meaning } from '../../machines/device/telemetry.ts';
import { bindProfile, referencedModels } from '../../machines/sunspec/bind.ts';
import type { Bound, Cockpit } from './cockpit.ts';

export async function bindDevice(cockpit: Cockpit, port: DevicePort): Promise<Bound> {
  const { profile, asset, board, definitions, discover } = cockpit.input;
  const wanted = referencedModels(profile);
  const found = wanted.size > 0 ? await discover(port, wanted, cockpit.models) : undefined;
  // What a device showed of itself while it refused a part is no memory to begin the next connection with.
  cockpit.models = found?.remarks?.length === 0 ? found : undefined;
  const binding = bindProfile(profile, definitions, found);
  const lacks = binding.ok ? '' : binding.lacks.join(', ');
  board.alarm(
    'profile-unfit',
    !binding.ok,
    'P2',
    `${profile.name} does not fit the device, which lacks ${lacks}`,
    asset.id,
  );
  if (!binding.ok)
    throw new Fault('MODEL_MISSING', `${asset.id} lacks ${lacks}`, { details: { lacks: binding.lacks } });
  const points = installedPoints(binding.profile, asset.parts);
  return {
    profile: binding.profile,
    points,
    meanings: new Map<string, Meaning>([...points, ...Object.entries(binding.profile.sums)]),
  };
}
