/**
 * A shipped profile read as the driver reads it, through bessd's transport, from a Modbus server that shares no code with
 * it and answers for nothing but the registers that it was given.
 */
import { ServerTCP } from 'modbus-serial';
import type { Server } from 'node:net';
import { limitsSchema } from '../../contracts/limits.ts';
import type { BoundProfile, Measurand } from '../../contracts/profile.ts';
import { siteSchema } from '../../contracts/site-config.ts';
import type { PointValue } from '../../contracts/telemetry.ts';
import { openModbusTcp } from '../../io/modbus-tcp.ts';
import { pollRounds } from '../../machines/device/poll-rounds.ts';
import { installedPoints } from '../../machines/device/read-plan.ts';
import { sampleBlock, sumSamples } from '../../machines/device/telemetry.ts';
import type { Samples } from '../../machines/device/telemetry.ts';
import { boundAsWritten } from '../../machines/sunspec/bind.ts';
import { systemClock } from '../../supervisor/clock.ts';
import { planSite } from '../../site-plan.ts';
import { shippedProfile } from './row-image.ts';
import lfp from '../../profiles/limits/lfp.json' with { type: 'json' };

type Runs = Readonly<Record<number, readonly number[]>>;

const NEVER_STALE = { fast: 60_000, slow: 60_000, once: 60_000, never: 60_000 };

export function shippedBound(name: string): BoundProfile {
  return boundAsWritten(shippedProfile(name));
}

/** What a site measures on such an asset once it is planned with it; a combination that is refused throws. */
export function measuredAsAsset(profile: string): ReadonlySet<Measurand | undefined> {
  const asset = { id: 'a', profile, modbus: { host: '127.0.0.1' }, capacityWh: 10_000 };
  const limited = { ...asset, maxChargePowerW: 5000, maxDischargePowerW: 5000 };
  const plan = planSite({
    site: siteSchema.parse({ site: { id: 'S' }, assets: [limited] }),
    profiles: new Map([['a', shippedProfile(profile)]]),
    limits: limitsSchema.parse(lfp),
    limitsHash: '',
    dataDir: '',
    source: 'test',
  });
  return new Set(plan.assets.flatMap(({ points }) => [...points.values()].map(({ measures }) => measures)));
}

/** The values of all points after the first poll; whatever the server refuses fails the test. */
export async function readThrough(
  profile: BoundProfile,
  registers: { readonly input?: Runs; readonly holding?: Runs },
): Promise<Readonly<Record<string, PointValue | undefined>>> {
  const [unitId = 1] = profile.transport.unitIds;
  const server = await serverWith(flat(registers.input), flat(registers.holding), unitId);
  const address = { host: '127.0.0.1', port: server.port, unitId, timeoutMs: 2000, requestGapMs: 0 };
  const port = await openModbusTcp(systemClock)(address, new AbortController().signal);
  let samples: Samples = {};
  try {
    for (const block of pollRounds(profile, installedPoints(profile)).first) {
      const words = await port.read(block.register, block.count, block.space);
      samples = { ...samples, ...sampleBlock(block, words, 0, NEVER_STALE, profile.transport.wordOrder) };
    }
  } finally {
    port.drop('close');
    await server.stop();
  }
  const all = { ...samples, ...sumSamples(profile.sums, samples) };
  return Object.fromEntries(Object.entries(all).map(([name, { value }]) => [name, value]));
}

function flat(runs: Runs = {}): ReadonlyMap<number, number> {
  return new Map(
    Object.entries(runs).flatMap(([start, words]) => words.map((word, at) => [Number(start) + at, word] as const)),
  );
}

async function serverWith(
  input: ReadonlyMap<number, number>,
  holding: ReadonlyMap<number, number>,
  unitId: number,
): Promise<{ port: number; stop: () => Promise<void> }> {
  const from = (words: ReadonlyMap<number, number>) => (register: number, unit: number) => {
    const word = unit === unitId ? words.get(register) : undefined;
    return word === undefined
      ? Promise.reject(Object.assign(new Error(`no register ${register}`), { modbusErrorCode: 2 }))
      : Promise.resolve(word);
  };
  const vector = { getInputRegister: from(input), getHoldingRegister: from(holding) };
  // The package takes 0 for "not given"; the text "0" is passed on as it is.
  const server = new ServerTCP(vector, { host: '127.0.0.1', port: '0' as unknown as number, unitID: 255 });
  const listener = (server as unknown as { readonly _server: Server })._server;
  await new Promise<void>((resolve) => server.once('initialized', resolve));
  const address = listener.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
