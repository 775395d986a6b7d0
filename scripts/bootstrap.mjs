#!/usr/bin/env node
/**
 * Starts a TypeScript entry on a fresh machine: installs what is missing, finds Node 24, runs the entry with it.
 *
 * Plain JavaScript without dependencies, since any Node from 18 on may be the one that reads it:
 * `node scripts/bootstrap.mjs scripts/test.ts [arguments]`. It writes nowhere but in the checkout.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { installMissing } from './install.mjs';

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const OLDEST_NODE = 24;

/** Entries that need the tools of development; every other entry runs on a production install. */
const NEED_TOOLS = ['scripts/test.ts', 'scripts/check.ts', 'scripts/mutate.ts'];

/** Runs `entry` (relative to the checkout) with `args`; the process ends with the entry's exit code. */
export async function boot(entry, args) {
  try {
    await installMissing(ROOT, {
      tools: NEED_TOOLS.includes(entry),
      nodePackage: isNewEnough() ? undefined : nodePackage(),
    });
    if (isNewEnough() && !isUnderNpm()) await runHere(entry, args);
    else process.exitCode = await runWith(isNewEnough() ? process.execPath : findNode(), entry, args);
  } catch (error) {
    if (!error.hint) throw error;
    process.stderr.write(`bessd: ${error.message}\n${error.hint}\n`);
    process.exitCode = 1;
  }
}

function isNewEnough(version = process.versions.node) {
  return Number.parseInt(version, 10) >= OLDEST_NODE;
}

/** npm passes on the Ctrl-C that its child has from the terminal as well: a relay between them takes the second one away. */
function isUnderNpm() {
  return process.env.npm_lifecycle_event !== undefined;
}

/** The npm package that carries Node for this machine, where there is one. */
function nodePackage() {
  const { platform, arch } = process;
  return platform === 'linux' && (arch === 'x64' || arch === 'arm64') ? `node-linux-${arch}` : undefined;
}

function findNode() {
  const name = nodePackage();
  const candidates = ['node_modules/.bin/node', ...(name ? [`node_modules/${name}/bin/node`] : [])];
  const found = candidates.map((candidate) => path.join(ROOT, candidate)).find((candidate) => existsSync(candidate));
  if (found) return found;
  throw Object.assign(new Error(`Node ${OLDEST_NODE} or newer is needed, this is ${process.version}.`), {
    hint: name
      ? `The package ${name} is not installed: run "npm install --no-save --include=optional" here, or install Node ${OLDEST_NODE}.`
      : `There is no packaged Node for ${process.platform}-${process.arch}: install Node ${OLDEST_NODE} from https://nodejs.org or with a version manager, then run the same command again.`,
  });
}

/** This Node is new enough: the entry becomes this process, so that signals and exit codes need no relay. */
async function runHere(entry, args) {
  const file = path.join(ROOT, entry);
  process.argv = [process.argv[0], file, ...args];
  await import(pathToFileURL(file).href);
}

function runWith(node, entry, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [path.join(ROOT, entry), ...args], { stdio: 'inherit' });
    relaySignals(child);
    child.on('error', (cause) => {
      const hint = `This Linux may lack glibc: install Node ${OLDEST_NODE} with its own package manager, then run the same command again.`;
      reject(Object.assign(new Error(`${node} does not start (${cause.message}).`), { hint, cause }));
    });
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  });
}

/**
 * A terminal gives Ctrl-C and its hang-up to the whole foreground group, so the child has them already and a second one
 * would read as impatience. Everything else that this process is sent goes on to the child, once.
 */
function relaySignals(child) {
  const REPEAT_MS = 500;
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM']) {
    let sentAt = 0;
    process.on(signal, () => {
      if (signal !== 'SIGTERM' && inForeground()) return;
      if (Date.now() - sentAt < REPEAT_MS) return;
      sentAt = Date.now();
      child.kill(signal);
    });
  }
}

/** Is this process in the group that its terminal sends signals to? Other platforms than Linux: guessed by stdin. */
function inForeground() {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1).split(' ');
    const [group, foregroundGroup] = [fields[2], fields[5]];
    return group === foregroundGroup;
  } catch {
    return process.stdin.isTTY === true;
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [entry, ...args] = process.argv.slice(2);
  await boot(entry, args);
}
