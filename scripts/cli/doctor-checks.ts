/**
 * The checks of `bessd doctor`: what a site needs from its machine. Each looks and changes nothing.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { OLDEST_SOUND_VERSION, compareVersions, findBrokers, installCommand } from '../../io/broker-find.ts';
import { USUAL_PORT, tryPort } from '../../io/broker.ts';
import { loadSite } from '../../io/site-file.ts';
import { planSite } from '../../site-plan.ts';
import { runningSites } from './link.ts';
import type { FoundSite } from './link.ts';

export type Finding = {
  readonly check: string;
  readonly verdict: 'ok' | 'warning' | 'failed' | 'invalid';
  readonly message: string;
};

const NODE_MAJOR = 24;

export function nodeVersion(version: string = process.versions.node): Finding {
  const good = Number(version.split('.')[0]) >= NODE_MAJOR;
  return {
    check: 'node',
    verdict: good ? 'ok' : 'failed',
    message: good ? version : `${version}, expected ${NODE_MAJOR} or newer`,
  };
}

/** Undefined when no file is given. */
export function configuration(file: string | undefined): Finding | undefined {
  if (file === undefined) return undefined;
  const check = 'configuration';
  try {
    const loaded = loadSite(file);
    planSite(loaded);
    const { site, limits } = loaded;
    const message = `${file}: site ${site.site.id}, ${site.assets.length} assets, limits ${limits.name}`;
    return { check, verdict: 'ok', message };
  } catch (error) {
    return { check, verdict: 'invalid', message: `${file}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

export async function broker(): Promise<Finding> {
  const check = 'broker';
  const url = process.env['NATS_URL'];
  if (url) return { check, verdict: 'ok', message: 'NATS_URL names one; bessd starts none itself' };
  const [found] = await findBrokers();
  if (!found)
    return {
      check,
      verdict: 'warning',
      message: `no nats-server, so no bus to the outside; install one: ${installCommand()}`,
    };
  const sound = compareVersions(found.version, OLDEST_SOUND_VERSION) >= 0;
  const note = sound ? '' : `: has known security holes, expected ${OLDEST_SOUND_VERSION} or newer`;
  return { check, verdict: sound ? 'ok' : 'warning', message: `nats-server ${found.version} (${found.file})${note}` };
}

/** The folder, or the nearest one above it that exists, can be written. */
export function dataFolder(folder: string): Finding {
  let existing = path.resolve(folder);
  while (!existsSync(existing)) existing = path.dirname(existing);
  try {
    if (!statSync(existing).isDirectory()) throw new Error('not a folder');
    accessSync(existing, constants.W_OK);
    return { check: 'data folder', verdict: 'ok', message: `${path.resolve(folder)} can be written` };
  } catch {
    return {
      check: 'data folder',
      verdict: 'failed',
      message: `${existing}: expected a folder that this user may write`,
    };
  }
}

export async function clock(): Promise<Finding> {
  const check = 'clock';
  const answer = await outputOf('timedatectl', ['show', '-p', 'NTPSynchronized', '--value']);
  if (answer === 'yes') return { check, verdict: 'ok', message: 'synchronised' };
  if (answer === 'no')
    return {
      check,
      verdict: 'warning',
      message: 'not synchronised: times in the record and of signed orders may be wrong',
    };
  return { check, verdict: 'warning', message: 'nobody here says whether it is synchronised (no timedatectl)' };
}

/** A port that a running site of ours holds is as good as a free one. */
export async function port(check: string, number: number, sites: readonly FoundSite[]): Promise<Finding> {
  const holder = sites.find(({ http, nats_url }) => [http, nats_url].some((url) => url?.endsWith(`:${number}`)));
  if (holder) return { check, verdict: 'ok', message: `${number} is held by the running site ${holder.site}` };
  if ((await tryPort(number)) !== undefined) return { check, verdict: 'ok', message: `${number} is free` };
  return number === USUAL_PORT
    ? { check, verdict: 'ok', message: `${number} is taken; our broker takes another one` }
    : { check, verdict: 'warning', message: `${number} is taken by another program; set http.port or HEALTH_PORT` };
}

export async function runningSite(): Promise<{ readonly finding: Finding; readonly sites: readonly FoundSite[] }> {
  const sites = await runningSites();
  const said = sites.map(({ site, version, http }) => `${site} ${version} at ${http ?? 'no HTTP'}`).join(', ');
  return { sites, finding: { check: 'running site', verdict: 'ok', message: said || 'none on this machine' } };
}

function outputOf(command: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, [...args], { timeout: 3000 }, (error, stdout) => resolve(error ? undefined : stdout.trim()));
  });
}
