/**
 * A broker that outlived its bessd (kill -9 of the parent): found by the note that its parent wrote, and ended.
 *
 * Invariant: nothing is killed unless the kernel says that it is a nats-server with exactly our configuration file, and
 * its parent is gone. Without /proc nothing is ever killed.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

type Note = { readonly pid: number; readonly owner: number; readonly owner_started: string | null };

const TERM_MS = 3000;
const STEP_MS = 50;

export function configFileOf(folder: string): string {
  return path.join(folder, 'nats.conf');
}

export function writeNote(folder: string, pid: number): void {
  const note: Note = { pid, owner: process.pid, owner_started: startTimeOf(process.pid) };
  writeFileSync(noteFileOf(folder), `${JSON.stringify(note)}\n`, { mode: 0o600 });
}

export function removeNote(folder: string): void {
  rmSync(noteFileOf(folder), { force: true });
}

/** `in_use` when the broker of this folder belongs to another bessd that lives. */
export async function endStale(folder: string): Promise<'free' | 'ended' | 'in_use'> {
  const note = readNote(folder);
  if (!note || !isOurBroker(note.pid, folder)) return 'free';
  const ownerLives =
    note.owner !== process.pid && note.owner_started !== null && startTimeOf(note.owner) === note.owner_started;
  if (ownerLives) return 'in_use';
  process.kill(note.pid, 'SIGTERM');
  for (let waitedMs = 0; waitedMs < TERM_MS && isOurBroker(note.pid, folder); waitedMs += STEP_MS) await sleep(STEP_MS);
  if (isOurBroker(note.pid, folder)) process.kill(note.pid, 'SIGKILL');
  return 'ended';
}

function isOurBroker(pid: number, folder: string): boolean {
  const args = readProc(pid, 'cmdline')?.split('\0') ?? [];
  return args[0]?.includes('nats-server') === true && args[1] === '-c' && args[2] === configFileOf(folder);
}

/** Ticks since boot at which the process started: tells it from a later one with the same id. */
function startTimeOf(pid: number): string | null {
  const stat = readProc(pid, 'stat');
  // The name of the program stands in parentheses and may contain anything; field 22 is the 20th after it.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

function readProc(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return undefined; // no such process, or no /proc
  }
}

function readNote(folder: string): Note | undefined {
  try {
    const note = JSON.parse(readFileSync(noteFileOf(folder), 'utf8')) as Note;
    return Number.isInteger(note.pid) && note.pid > 1 ? note : undefined;
  } catch {
    return undefined; // none was written, or only half of it: then there is nothing that we may kill
  }
}

function noteFileOf(folder: string): string {
  return path.join(folder, 'broker.json');
}
