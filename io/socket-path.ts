/**
 * Where the Unix socket of a site lies, and which sites answer on this machine.
 *
 * Only sockets of the same user or of root count: anyone may put a file with a tempting name into the temporary folder,
 * and a client sends its token there.
 */
import { readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `$RUNTIME_DIRECTORY` (systemd), else the temporary folder. */
export function defaultSocketPath(siteId: string, env: Environment = process.env): string {
  return path.join(runtimeDirectory(env) ?? tmpdir(), `bessd-${siteId}.sock`);
}

/** Where the stopper of a site keeps its lock; not the name of a site's own socket. */
export function stopperSocketPath(siteId: string, env: Environment = process.env): string {
  return path.join(runtimeDirectory(env) ?? tmpdir(), `bessd-${siteId}.stopper.sock`);
}

/** Sockets that may be those of running sites, with the site's id; none of them has been asked yet. */
export function findSockets(
  env: Environment = process.env,
): readonly { readonly siteId: string; readonly socketPath: string }[] {
  const folders = new Set([runtimeDirectory(env) ?? '/run/bessd', '/run/bessd', tmpdir()]);
  return [...folders].flatMap((folder) =>
    namesIn(folder).flatMap((name) => {
      const siteId = /^bessd-([A-Za-z0-9_-]{1,64})\.sock$/.exec(name)?.[1];
      const socketPath = path.join(folder, name);
      return siteId !== undefined && isTrusted(socketPath) ? [{ siteId, socketPath }] : [];
    }),
  );
}

/** A socket that belongs to this user or to root. */
export function isTrusted(socketPath: string): boolean {
  const found = statSync(socketPath, { throwIfNoEntry: false });
  return found?.isSocket() === true && (found.uid === 0 || found.uid === process.getuid?.());
}

function runtimeDirectory(env: Environment): string | undefined {
  // systemd gives several folders separated by colons; the first is ours.
  return env['RUNTIME_DIRECTORY']?.split(':')[0] || undefined;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // a folder that does not exist or may not be read has no socket for us
  }
}
