/** The limits files hold the numbers of the guard's table, and nothing beyond the hard bounds. */
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Limits } from '../../contracts/limits.ts';
import { limitsSchema } from '../../contracts/limits.ts';
import { parse, parseOrThrow } from '../../contracts/parse.ts';

const test = suite('limits files');

test('LFP has every number of the table', () => {
  const { soc, temperature, cell, grid, chemistry } = load('lfp');
  assert.is(chemistry, 'LFP');
  assert.equal(soc, {
    criticalLowPct: 5,
    criticalLowReleasePct: 10,
    criticalLowChargeC: 0.1,
    minPct: 10,
    minReleaseAbovePct: 2,
    lowDeratePct: 15,
    lowDerateReleasePct: 17,
    lowDerateFactor: 0.5,
    taperStartPct: 90,
    taperEndFactor: 0.2,
    maxPct: 95,
    maxReleasePct: 93,
    criticalHighPct: 98,
    criticalHighReleasePct: 95,
  });
  assert.equal(temperature, {
    noChargeC: 0,
    noChargeReleaseC: 2,
    chargeTaperEndC: 10,
    dischargeDerateC: -10,
    dischargeDerateFactor: 0.5,
    noDischargeC: -20,
    coldReleaseC: 3,
    hotDerateC: 45,
    hotDerateFactor: 0.5,
    hotDerateReleaseC: 42,
    hotStopC: 50,
    hotStopReleaseC: 45,
    tripC: 55,
    tripReleaseC: 45,
  });
  assert.equal(cell, {
    minV: 2.5,
    maxV: 3.65,
    releaseV: 0.05,
    tripAfterMs: 2000,
    spreadDerateMv: 200,
    spreadDerateReleaseMv: 150,
    spreadDerateFactor: 0.5,
    spreadStopMv: 300,
    spreadStopReleaseMv: 200,
  });
  assert.equal(grid, { releaseMs: 300_000 });
});

test('NMC is nowhere less cautious than LFP, except for its own cell window', () => {
  const lfp = load('lfp');
  const nmc = load('nmc');
  const notBelow = [
    'criticalLowPct',
    'criticalLowReleasePct',
    'minPct',
    'lowDeratePct',
    'lowDerateReleasePct',
  ] as const;
  for (const key of notBelow) assert.ok(nmc.soc[key] >= lfp.soc[key], key);
  const notAbove = ['taperStartPct', 'maxPct', 'maxReleasePct', 'criticalHighPct', 'criticalHighReleasePct'] as const;
  for (const key of notAbove) assert.ok(nmc.soc[key] <= lfp.soc[key], key);
  const hot = ['hotDerateC', 'hotDerateReleaseC', 'hotStopC', 'hotStopReleaseC', 'tripC', 'tripReleaseC'] as const;
  for (const key of hot) assert.ok(nmc.temperature[key] <= lfp.temperature[key], key);
  assert.ok(nmc.temperature.chargeTaperEndC >= lfp.temperature.chargeTaperEndC);
  assert.equal([nmc.cell.minV, nmc.cell.maxV], [3, 4.2]);
});

test('a file that allows charging below freezing is refused by name', () => {
  const raw = read('lfp') as { temperature: Record<string, number> };
  const parsed = parse(limitsSchema, { ...raw, temperature: { ...raw.temperature, noChargeC: -1 } });
  assert.is(parsed.ok, false);
  if (!parsed.ok)
    assert.equal(
      parsed.problems.map(({ path }) => path),
      ['temperature.noChargeC'],
    );
});

test.run();

function load(name: string): Limits {
  return parseOrThrow(limitsSchema, read(name), name);
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../profiles/limits/${name}.json`, import.meta.url), 'utf8'));
}
