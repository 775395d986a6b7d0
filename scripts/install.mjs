/**
 * Installs the packages of package-lock.json where they are missing, once, also when two commands start together.
 *
 * A stamp in node_modules names the lock file that was installed and whether the tools of development are with it.
 * Without a stamp the packages themselves are looked at, so an install by other means counts. Plain JavaScript.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const STAMP = 'node_modules/.bessd-install';
const LOCK = '.bessd-install.lock';
/** The holder of the lock touches it every second; one that did not for this long is dead. */
const LOCK_DEAD_MS = 15_000;

/** `tools`: devDependencies too. `nodePackage`: an optional package that is needed all the same. */
export async function installMissing(root, { tools, nodePackage }) {
  const lockfile = fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8');
  const hash = createHash('sha256').update(lockfile).digest('hex');
  const stampFile = path.join(root, STAMP);
  const isInstalled = () => {
    const [stampHash, stampLevel] = readOr(stampFile, '').split(' ');
    const stamped = stampHash === hash && (stampLevel === 'tools' || !tools);
    if (stamped && (!nodePackage || isThere(root, `node_modules/${nodePackage}`))) return true;
    if (!areAllThere(root, JSON.parse(lockfile), { tools, nodePackage })) return false;
    writeStamp(stampFile, `${hash} ${tools ? 'tools' : 'runtime'}`);
    return true;
  };
  if (isInstalled()) return;
  await withLock(path.join(root, LOCK), async () => {
    if (isInstalled()) return;
    await runNpm(root, tools);
    if (!isInstalled())
      throw hinted('the installation is incomplete.', 'Delete node_modules and run the same command again.');
  });
}

/** Is every package of the lock file there, in its version? Optional ones may be missing: they are for other platforms. */
function areAllThere(root, lockfile, { tools, nodePackage }) {
  return Object.entries(lockfile.packages).every(([place, { version, optional, dev, devOptional }]) => {
    if (place === '' || ((dev || devOptional) && !tools)) return true;
    if (optional && place !== `node_modules/${nodePackage}`) return true;
    return isThere(root, place, version);
  });
}

function isThere(root, place, version) {
  const text = readOr(path.join(root, place, 'package.json'), undefined);
  return text !== undefined && (version === undefined || JSON.parse(text).version === version);
}

/** A read-only checkout cannot take the stamp; then the packages are looked at on every start. */
function writeStamp(file, text) {
  try {
    fs.writeFileSync(file, `${text}\n`);
  } catch (error) {
    if (!['EROFS', 'EACCES', 'EPERM'].includes(error.code)) throw error;
  }
}

/**
 * Like `npm ci` it takes versions and hashes from the lock file, which it leaves as it is. Unlike `npm ci` it keeps what
 * is right, also under a process that runs from it, and minds no optional package that a registry lacks.
 */
async function runNpm(root, tools) {
  const args = [
    'install',
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    ...(tools ? ['--include=dev'] : []),
  ];
  const npmScript = process.env.npm_execpath;
  const viaNode = npmScript?.endsWith('.js') === true;
  const startedAt = Date.now();
  process.stderr.write('bessd: installing packages (npm install) …');
  const output = [];
  const code = await new Promise((resolve, reject) => {
    const [command, commandArgs] = viaNode ? [process.execPath, [npmScript, ...args]] : ['npm', args];
    const npm = spawn(command, commandArgs, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (chunk) => output.push(chunk));
    npm.on('error', (cause) =>
      reject(hinted(`npm does not start (${cause.message}).`, 'Install npm, or install the packages by other means.')),
    );
    npm.on('close', resolve);
  }).finally(() => process.stderr.write('\n'));
  if (code !== 0) {
    process.stderr.write(Buffer.concat(output));
    throw hinted(
      `npm install failed with code ${code}.`,
      'Is the package registry within reach? Once it is, run the same command again.',
    );
  }
  process.stderr.write(`bessd: packages installed in ${Math.round((Date.now() - startedAt) / 1000)} s\n`);
}

async function withLock(file, work) {
  while (!take(file)) {
    if (isDead(file)) steal(file);
    else await sleep(200);
  }
  const touch = setInterval(() => fs.utimesSync(file, new Date(), new Date()), 1000);
  try {
    await work();
  } finally {
    clearInterval(touch);
    fs.rmSync(file, { force: true });
  }
}

function take(file) {
  try {
    fs.closeSync(fs.openSync(file, 'wx'));
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw hinted(
      `packages are missing and ${path.dirname(file)} is not writable.`,
      'Run "npm install" there as its owner.',
    );
  }
}

function isDead(file) {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > LOCK_DEAD_MS;
}

/** Of several that see a dead lock only one removes it: who finds that he took a living one puts it back. */
function steal(file) {
  const aside = `${file}.${process.pid}`;
  try {
    fs.renameSync(file, aside);
    if (!isDead(aside)) fs.linkSync(aside, file);
    fs.rmSync(aside, { force: true });
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  }
}

function readOr(file, fallback) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return fallback;
  }
}

function hinted(message, hint) {
  return Object.assign(new Error(message), { hint });
}
