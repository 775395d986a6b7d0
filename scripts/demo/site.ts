/**
 * The demo site: two operators with random tokens, made once, and the site file, written at every start.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { Place } from './place.ts';

const operatorsSchema = z
  .array(z.strictObject({ name: z.string(), role: z.enum(['technician', 'engineer']), token: z.string().min(16) }))
  .length(2);
export type DemoOperator = z.output<typeof operatorsSchema>[number];

export const ASSETS = ['bess-1', 'bess-2'] as const;
/** What the simulator gives its assets, counted up from the first. */
const SERIALS = ['HV2140012345', 'HV2140012346'] as const;
export const PLANT = { loadW: 40_000, pvW: 10_000, ratedW: 100_000, capacityWh: 200_000 } as const;

/** The same ones at every start, so that a latch of yesterday can be reset today. */
export function operatorsOf({ folder }: Place): readonly DemoOperator[] {
  const file = path.join(folder, 'operators.json');
  try {
    return operatorsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // None yet, or a file that nobody can use: then new ones.
    const made: readonly DemoOperator[] = [
      { name: 'ana', role: 'technician', token: newToken() },
      { name: 'ben', role: 'engineer', token: newToken() },
    ];
    writeFileSync(file, `${JSON.stringify(made, undefined, 2)}\n`, { mode: 0o600 });
    return made;
  }
}

export function writeSiteFile(
  { siteId, siteFile }: Place,
  operators: readonly DemoOperator[],
  firstPort: number,
): void {
  const site = {
    site: { id: siteId, name: 'Demo', timezone: 'America/Santiago' },
    assets: ASSETS.map((id, at) => ({
      id,
      profile: 'huawei-sun2000-luna2000',
      modbus: { host: '127.0.0.1', port: firstPort + at, unitId: 1 },
      capacityWh: PLANT.capacityWh,
      maxChargePowerW: PLANT.ratedW,
      maxDischargePowerW: PLANT.ratedW,
      efficiency: 0.92,
      rampRateWPerS: 20_000,
      idle: 'hold',
      onExit: 'release',
      unprovenDeadmanMaxW: 50_000,
      serial: SERIALS[at],
    })),
    operators: operators.map(({ name, role, token }) => ({ name, role, tokenSha256: sha256(token) })),
    estop: { reset: 'two_person' },
  };
  const text = `# Written by the demo at every start; changes are lost. docs/site-file.md explains every key.\n${stringify(site)}`;
  writeFileSync(siteFile, text, { mode: 0o600 });
}

function newToken(): string {
  return randomBytes(10).toString('hex');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
