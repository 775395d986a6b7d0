/**
 * The person who comes when only a person can help: bessd holds a device by limits of zero, the disk refused the record of
 * what stood there before, and the runtime was killed. Never widened, so somebody has to set the limits again, under a tag.
 */
import { ASSETS } from './schedule.ts';
import type { At } from './schedule.ts';
import type { World } from './world.ts';

const LIMITS = 47_075;
const FULL = [1, 34_464, 1, 34_464];
/** Two polls, and the write that was under way. */
const SEEN_MS = 3000;

/** To be called when the whole runtime is about to die. */
export function noteLostLimits({ plants, disk, limitsLost, schedule }: World): void {
  for (const at of [0, 1] as const) {
    const { limitChargeW, limitDischargeW } = plants[at].plant.controls;
    const isKnown = (disk.files.get(`originals-${ASSETS[at]}.json`) ?? '').includes('"touched":true');
    if (schedule.devices[at].face === 'huawei' && !isKnown && Math.min(limitChargeW, limitDischargeW) === 0)
      limitsLost.add(at);
  }
}

/** `tag` sets or takes away a maintenance tag. */
export async function restoreLimits(world: World, tag: (at: At, on: boolean) => void): Promise<void> {
  const { clock, limitsLost, plants, oracle } = world;
  if (limitsLost.size === 0) return;
  for (const at of limitsLost) tag(at, true);
  await clock.advance(SEEN_MS);
  for (const at of limitsLost) {
    plants[at].device.write(LIMITS, FULL, 16, 1, 'intruder');
    oracle.excuse(at, clock.now() + SEEN_MS);
  }
  await clock.advance(SEEN_MS);
}
