/**
 * The second means of a stop that has no effect: the battery's own management system disconnects it.
 *
 * The driver of the inverter asks; the driver of the management system looks at the latch itself and writes the `estop`
 * sequence of its own profile, through the same door as everybody. It sees the E-stop and the trips of its asset only once it
 * was asked, and closes nothing again: a bank is connected by a person.
 */
import type { EventObject } from 'xstate';
import type { LatchRecord } from '../../contracts/latch.ts';
import type { Disconnect } from '../../contracts/messages.ts';
import { bmsIdOf } from '../../contracts/site-config.ts';
import { latchForSecondMeans, watchStop } from '../../machines/device/second-means.ts';
import { followed, operationOf, ratingOf } from './situation.ts';
import type { Cockpit } from './cockpit.ts';

/** After each look at the effect of a stop. */
export function judgeSecondMeans(cockpit: Cockpit, stuckOn: boolean): void {
  const { input, clock } = cockpit;
  const { asset, board, profile } = input;
  const powerW = followed(cockpit);
  const { since, due } = watchStop(cockpit.stuckSinceMs, {
    nowMs: clock.now(),
    operation: operationOf(cockpit),
    stuckOn,
    powerW,
    ratingW: ratingOf(input),
    settleMs: profile.control?.actuator.settleMs ?? 0,
  });
  cockpit.stuckSinceMs = since;
  if (!due || asset.bms?.allowDisconnect !== true) return;
  const cause = `${asset.id} moved ${Math.round(powerW ?? 0)} W after its stop was written twice`;
  const message: Disconnect = { type: 'DISCONNECT', epoch: cockpit.epoch, cause };
  if (cockpit.send(`driver:${bmsIdOf(asset)}`, message as EventObject) && since !== cockpit.disconnectAskedFor)
    board.event('estop', { state: 'disconnect_asked', asset_id: asset.id, device_id: bmsIdOf(asset), reason: cause });
  cockpit.disconnectAskedFor = since;
}

/** What stands of the latch for this driver. */
export function latchSeenBy({ input, disconnect }: Cockpit, latch: LatchRecord): LatchRecord {
  const { asset, disconnects } = input;
  return disconnects === undefined ? latch : latchForSecondMeans(latch, { ownId: asset.id, disconnects, disconnect });
}
