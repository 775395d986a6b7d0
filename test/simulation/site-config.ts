/** The site file of a simulated site: two batteries, three operators, everything that a seed may choose. */
import { limitsSchema } from '../../contracts/limits.ts';
import type { Profile } from '../../contracts/profile.ts';
import { siteSchema } from '../../contracts/site-config.ts';
import { loadProfile } from '../../io/site-file.ts';
import type { LoadedSite } from '../../io/site-file.ts';
import lfp from '../../profiles/limits/lfp.json' with { type: 'json' };
import type { At, DeviceSetting } from './schedule.ts';
import { ASSETS } from './schedule.ts';

export const FIRST_PORT = 5020;
export const TOKENS = {
  ana: 'a'.repeat(64),
  ben: 'b'.repeat(64),
  eve: 'e'.repeat(64),
  nobody: '0'.repeat(64),
} as const;

const PROFILES = { huawei: 'huawei-sun2000-luna2000', 'sunspec-der': 'sunspec-704' } as const;
/** Parsed once: it costs as much as a minute of simulation. */
const profiles = new Map<string, Profile>();
const limits = limitsSchema.parse(lfp);

export function serialOf(at: At): string {
  return `HV${at + 1}`;
}

export function configured(devices: readonly [DeviceSetting, DeviceSetting]): LoadedSite {
  const assets = ([0, 1] as const).map((at) => {
    const { face, idle, unprovenDeadmanMaxW } = devices[at];
    return {
      id: ASSETS[at],
      profile: PROFILES[face],
      modbus: { host: '127.0.0.1', port: FIRST_PORT + at },
      capacityWh: 200_000,
      maxChargePowerW: 100_000,
      maxDischargePowerW: 100_000,
      efficiency: 0.92,
      serial: serialOf(at),
      idle,
      onExit: idle,
      unprovenDeadmanMaxW,
    };
  });
  const operators = [
    { name: 'ana', role: 'technician', tokenSha256: TOKENS.ana },
    { name: 'ben', role: 'engineer', tokenSha256: TOKENS.ben },
    { name: 'eve', role: 'viewer', tokenSha256: TOKENS.eve },
  ];
  return {
    site: siteSchema.parse({ site: { id: 'SITE-SIM' }, assets, operators }),
    profiles: new Map(assets.map(({ id, profile }) => [id, profileNamed(profile)])),
    limits,
    limitsHash: 'simulation',
    dataDir: '/nowhere',
    source: 'simulated site',
  };
}

function profileNamed(name: string): Profile {
  const profile = profiles.get(name) ?? loadProfile(name, '.', 'simulation');
  profiles.set(name, profile);
  return profile;
}
