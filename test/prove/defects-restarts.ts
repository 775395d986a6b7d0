/**
 * Planted defects of restarts, site orders and the second means: each takes one thing away, and names the composition that must
 * find it.
 */
import { SHIPPED } from '../../prover/parts.ts';
import { lost, planted } from './defects.ts';
import type { Defect } from './defects.ts';

export const RESTART_DEFECTS: readonly Defect[] = [
  planted(
    'an E-stop actor that begins forgets who pressed while nobody was there',
    'site, E-stop actor falls',
    /from the press to the reset/,
    lost('engagesForWaiting'),
  ),
  planted(
    'an E-stop actor that begins reads the disk alone',
    'site, E-stop actor falls',
    /from the press to the reset|survives every crash|knows the latch/,
    lost('remembersLatch'),
    'full',
  ),
  planted(
    'a driver that takes leave of its device heeds not that the E-stop has fallen',
    'site, E-stop actor falls',
    /nobody could tell/,
    lost('holdsUnwatched'),
  ),
  planted(
    'a driver whose E-stop has fallen releases its device',
    'site, E-stop actor falls, released',
    /nobody could tell|from the press to the reset/,
    {
      ...SHIPPED,
      wantedPosture: (s) => SHIPPED.wantedPosture({ ...s, idle: 'release', context: { ...s.context, holding: false } }),
    },
    'full',
  ),
  planted('a driver that begins does not say so', 'site, shared orders', /no order is revived/, lost('tellsStart')),
  planted(
    'a dispatcher that begins does not say so',
    'site, shared orders',
    /nobody answered for/,
    lost('dispatcherTellsStart'),
  ),
  planted('an order that nobody answered for goes on', 'site, shared orders', /nobody answered for/, {
    ...SHIPPED,
    endsUnanswered: (_order, _answered): _order is never => false,
  }),
  planted('an asset whose trip is reset gets its share back', 'site, shared orders', /no order is revived/, {
    ...SHIPPED,
    hearOfLatch: (force, _before, now) => (now.estop ? undefined : force),
  }),
  planted('a site order outlives an E-stop', 'site, shared orders', /no order is revived/, {
    ...SHIPPED,
    hearOfLatch: (force, before, now) => SHIPPED.hearOfLatch(force, before, { ...now, estop: null }),
  }),
  planted('a share that failed is offered to the same asset again', 'site, shared orders', /no order is revived/, {
    ...SHIPPED,
    hearOfShare: (force, phase) => {
      const after = SHIPPED.hearOfShare(force, phase);
      return after && { ...after, left: force.left };
    },
  }),
  planted('a request to disconnect outlives its stop', 'second means', /not asked under/, lost('forgetsRequest')),
  planted('a late request to disconnect is believed', 'second means', /not asked under/, {
    ...SHIPPED,
    believesDisconnect: (latch, assetId) => SHIPPED.believesDisconnect(latch, assetId, latch.epoch),
  }),
  planted('a request to disconnect is never believed', 'second means', /asked under a stop that stands/, {
    ...SHIPPED,
    believesDisconnect: () => false,
  }),
  planted('a management system follows every E-stop by itself', 'second means', /not asked under/, {
    ...SHIPPED,
    latchForSecondMeans: (latch, means) => ({ ...SHIPPED.latchForSecondMeans(latch, means), estop: latch.estop }),
  }),
  planted('a management system is not in shadow', 'second means', /but its stop/, lost('shadowsBms')),
];
