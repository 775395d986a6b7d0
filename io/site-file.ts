/**
 * Reads and checks the site file with its profiles and limits, environment applied. Every problem is named with path,
 * value and expectation; nothing is repaired.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse as parseYaml } from 'yaml';
import { Fault } from '../contracts/faults.ts';
import { limitsSchema } from '../contracts/limits.ts';
import type { Limits } from '../contracts/limits.ts';
import { invalid, parseOrThrow, pathText } from '../contracts/parse.ts';
import type { Problem } from '../contracts/parse.ts';
import { profileSchema } from '../contracts/profile.ts';
import type { Profile } from '../contracts/profile.ts';
import { devicesOf, siteSchema } from '../contracts/site-config.ts';
import type { SiteConfig } from '../contracts/site-config.ts';

export type LoadedSite = {
  readonly site: SiteConfig;
  /** By the id of the device: assets, their battery management systems, meters. */
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly limits: Limits;
  /** First 16 hex digits of the SHA-256 of the limits file. */
  readonly limitsHash: string;
  readonly dataDir: string;
  /** What error messages call the configuration. */
  readonly source: string;
};

export type Environment = Readonly<Record<string, string | undefined>>;

const PROFILES = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'profiles');

export function loadSite(file: string | undefined, env: Environment = process.env): LoadedSite {
  const source = file ?? 'environment';
  const raw = file === undefined ? siteFromEnvironment(env) : readYaml(file);
  const folder = file === undefined ? process.cwd() : path.dirname(path.resolve(file));
  const site = withFilesIn(folder, parseOrThrow(siteSchema, applyEnvironment(raw, env), source));
  const profiles = new Map(
    devicesOf(site).map(({ id, profile, path: place }) => [
      id,
      loadProfile(profile, folder, `${source}: ${pathText([...place, 'profile'])}`),
    ]),
  );
  const limitsFile = findFile(site.limits, folder, path.join(PROFILES, 'limits'), `${source}: limits`);
  const limitsText = readText(limitsFile);
  return {
    site,
    profiles,
    limits: parseOrThrow(limitsSchema, parseJson(limitsText, limitsFile), limitsFile),
    limitsHash: createHash('sha256').update(limitsText).digest('hex').slice(0, 16),
    dataDir: path.resolve(env['DATA_DIR'] ?? './data'),
    source,
  };
}

/** Files that the site file names lie where it lies, wherever bessd was started. */
function withFilesIn(folder: string, site: SiteConfig): SiteConfig {
  const found = (file: string | undefined): string | undefined => file && path.resolve(folder, file);
  const uplinks = site.uplinks.map((uplink) => {
    if (uplink.kind !== 'mqtt') return uplink;
    const { passwordFile, caFile, certFile, keyFile } = uplink;
    return {
      ...uplink,
      passwordFile: found(passwordFile),
      caFile: found(caFile),
      certFile: found(certFile),
      keyFile: found(keyFile),
    };
  });
  return { ...site, uplinks };
}

/** A profile by its name in profiles/, or by a path relative to `folder`. */
export function loadProfile(name: string, folder: string, source: string): Profile {
  const file = findFile(name, folder, PROFILES, source);
  return parseOrThrow(profileSchema, parseJson(readText(file), file), file);
}

function findFile(name: string, folder: string, shelf: string, source: string): string {
  const shelved = path.join(shelf, `${name}.json`);
  if (/^[a-z0-9-]+$/.test(name) && existsSync(shelved)) return shelved;
  const given = path.resolve(folder, name);
  if (existsSync(given)) return given;
  throw invalid(source, [
    {
      path: '',
      value: name,
      expected: `a name in ${path.relative(process.cwd(), shelf) || shelf}, or the path of a file`,
    },
  ]);
}

/** One asset without a site file: INVERTER_IP and DRIVER_PROFILE_PATH, with the ratings left to the operator. */
function siteFromEnvironment(env: Environment): unknown {
  const problems: Problem[] = ['SITE_ID', 'INVERTER_IP']
    .filter((name) => !env[name])
    .map((name) => ({ path: name, value: env[name], expected: 'set, since no site file is given (--config)' }));
  if (problems.length > 0) throw invalid('environment', problems);
  return {
    site: { id: env['SITE_ID'] },
    assets: [
      {
        id: 'bess-1',
        profile: env['DRIVER_PROFILE_PATH'] ?? 'huawei-sun2000-luna2000',
        modbus: { host: env['INVERTER_IP'] },
        capacityWh: numberFrom(env, 'CAPACITY_WH') ?? 10_000,
        maxChargePowerW: numberFrom(env, 'MAX_CHARGE_POWER_W') ?? 2500,
        maxDischargePowerW: numberFrom(env, 'MAX_DISCHARGE_POWER_W') ?? 2500,
      },
    ],
  };
}

function applyEnvironment(raw: unknown, env: Environment): unknown {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) return raw;
  const site = structuredClone(raw) as Record<string, unknown>;
  const into = (key: string, field: string, value: unknown): void => {
    site[key] = { ...(site[key] as object | undefined), [field]: value };
  };
  if (env['SITE_ID']) into('site', 'id', env['SITE_ID']);
  if (env['NATS_URL']) into('nats', 'url', env['NATS_URL']);
  if (env['HEALTH_PORT']) into('http', 'port', numberFrom(env, 'HEALTH_PORT'));
  const poll = numberFrom(env, 'WATCHDOG_TIMEOUT');
  if (poll !== undefined) site['pollIntervalMs'] = poll * 1000;
  applyToAsset(site, env);
  applyToUplinks(site, env);
  return site;
}

function applyToAsset(site: Record<string, unknown>, env: Environment): void {
  const given = ['INVERTER_IP', 'INVERTER_PORT', 'DRIVER_PROFILE_PATH'].filter((name) => env[name]);
  const assets = site['assets'];
  if (given.length === 0 || !Array.isArray(assets)) return;
  if (assets.length > 1) {
    throw invalid(
      'environment',
      given.map((name) => ({
        path: name,
        value: env[name],
        expected: `not set, since the site has ${assets.length} assets and the variable does not say which one is meant`,
      })),
    );
  }
  const asset = assets[0] as Record<string, unknown>;
  const modbus = {
    ...(asset['modbus'] as object | undefined),
    ...(env['INVERTER_IP'] ? { host: env['INVERTER_IP'] } : {}),
    ...(env['INVERTER_PORT'] ? { port: numberFrom(env, 'INVERTER_PORT') } : {}),
  };
  site['assets'] = [
    { ...asset, modbus, ...(env['DRIVER_PROFILE_PATH'] ? { profile: env['DRIVER_PROFILE_PATH'] } : {}) },
  ];
}

/** Sets the address of the one uplink of that kind, or adds it. */
function applyToUplinks(site: Record<string, unknown>, env: Environment): void {
  const set = (kind: string, fields: Record<string, string | undefined>): void => {
    const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value));
    if (Object.keys(given).length === 0) return;
    const uplinks: unknown = site['uplinks'] ?? [];
    if (!Array.isArray(uplinks)) return;
    const at = uplinks.findIndex((one: { kind?: unknown } | null) => one?.kind === kind);
    const uplink = { id: kind, kind, ...(uplinks[at] as object | undefined), ...given };
    site['uplinks'] = at < 0 ? [...uplinks, uplink] : uplinks.with(at, uplink);
  };
  set('mqtt', { url: env['MQTT_BROKER_URL'] });
  set('pubsub', { projectId: env['GCP_PROJECT_ID'], topic: env['GCP_PUBSUB_TOPIC'] });
}

function numberFrom(env: Environment, name: string): number | undefined {
  const text = env[name];
  if (!text) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) throw invalid('environment', [{ path: name, value: text, expected: 'a number' }]);
  return value;
}

function readYaml(file: string): unknown {
  const text = readText(file);
  try {
    return parseYaml(text);
  } catch (error) {
    throw new Fault(
      'CONFIG_INVALID',
      `${file} is not valid YAML: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Fault(
      'CONFIG_INVALID',
      `${file} is not valid JSON: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Fault(
      'CONFIG_INVALID',
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}
