/**
 * Frames against a whole driver, in memory: the shipped site of one read-only asset, whose device answers through our own
 * transport, and whose answers are spoilt on the way.
 *
 * Whatever comes: nothing is written, no part of the site crashes, and with clean answers the device is online again.
 */
import * as assert from 'uvu/assert';
import type { Clock } from '../../contracts/clock.ts';
import { Fault } from '../../contracts/faults.ts';
import type { OpenDevice } from '../../contracts/ports.ts';
import { encodeException, encodeReply, readRequest } from '../../io/modbus-request.ts';
import { ModbusTcpPort } from '../../io/modbus-tcp-port.ts';
import { handle } from '../../simulator/asset.ts';
import type { SimulatedAsset } from '../../simulator/asset.ts';
import { virtualSite } from '../scenarios/virtual-site.ts';
import { mutated, seeded } from './random.ts';
import type { Random } from './random.ts';

export type SessionCounts = { spoilt: number; good: number; connections: number };

const SPOILT = 0.1;
const LATENCY_MS = 5;

export async function fuzzSession(seed: number, spoilt: number): Promise<SessionCounts> {
  const random = seeded(seed);
  const counts: SessionCounts = { spoilt: 0, good: 0, connections: 0 };
  const wire = { share: SPOILT };
  const site = await virtualSite({
    asset: { readOnly: true },
    openDevice: (clock, plants) => spoiling(clock, plants[0], { random, wire, counts }),
  });
  while (counts.spoilt < spoilt) await site.run(10_000);
  wire.share = 0;
  await site.run(60_000);
  assert.is(site.asset().connection, 'online', 'clean answers bring the device back');
  assert.equal(site.writes(), [], 'nothing was written');
  assert.equal(site.events('restart'), [], 'nothing crashed');
  return counts;
}

function spoiling(
  clock: Clock,
  asset: SimulatedAsset | undefined,
  { random, wire, counts }: { random: Random; wire: { readonly share: number }; counts: SessionCounts },
): OpenDevice {
  return (address) => {
    if (!asset) throw new Fault('CONNECT_FAILED');
    counts.connections += 1;
    const port = new ModbusTcpPort({ write: answer, destroy: () => undefined, writableLength: 0 }, address, clock);
    return Promise.resolve(port);

    function answer(frame: Buffer): void {
      const asked = readRequest(frame);
      const { request, unitId } = asked;
      if ('exception' in request) return send(encodeException(asked, request.exception));
      const command =
        'count' in request
          ? ({ op: 'read', register: request.register, count: request.count, unitId } as const)
          : ({ op: 'write', ...request, unitId } as const);
      handle(asset as SimulatedAsset, command, (result) =>
        send('exception' in result ? encodeException(asked, result.exception) : encodeReply(asked, request, result)),
      );
    }

    function send(reply: Buffer): void {
      const spoil = random.chance(wire.share);
      counts[spoil ? 'spoilt' : 'good'] += 1;
      const bytes = spoil ? mutated(random, reply) : reply;
      clock.setTimeout(() => port.take(bytes, bytes.length), LATENCY_MS);
    }
  };
}
