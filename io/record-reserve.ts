/**
 * Space kept for the moment the disk is full: the reserve is let go, so that there is room to delete telemetry with and
 * to go on writing the audit log.
 */
import { closeSync, existsSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';

const RESERVE_BYTES = 4 * 1024 * 1024;

/** Written out, not just sized: a hole in a file holds no space. A full disk leaves it shorter, which does no harm. */
export function takeReserve(dataDir: string): void {
  const file = reservePath(dataDir);
  if (existsSync(file) && statSync(file).size >= RESERVE_BYTES) return;
  try {
    const handle = openSync(file, 'w');
    try {
      writeSync(handle, Buffer.alloc(RESERVE_BYTES, 1));
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    rmSync(file, { force: true });
  }
}

export function releaseReserve(dataDir: string): void {
  rmSync(reservePath(dataDir), { force: true });
}

function reservePath(dataDir: string): string {
  return path.join(dataDir, 'record.reserve');
}
