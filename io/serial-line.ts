/**
 * A serial port of this machine, raw and locked for others, by the package serialport (its binary comes inside the
 * package). It is loaded with the first serial line: sites without one do without the package.
 */
import { Fault } from '../contracts/faults.ts';
import type { SerialLine } from '../contracts/ports.ts';

export type SerialEvents = {
  readonly take: (bytes: Buffer) => void;
  readonly ended: (error: Error | undefined) => void;
};
export type OpenSerial = { readonly write: (bytes: Buffer) => unknown; readonly destroy: () => unknown };

export async function openSerialLine(settings: SerialLine, { take, ended }: SerialEvents): Promise<OpenSerial> {
  const { path, baudRate, parity, stopBits } = settings;
  const { SerialPort } = await serialport(path);
  const port = new SerialPort({ path, baudRate, parity, stopBits, dataBits: 8, lock: true, autoOpen: false });
  await new Promise<void>((resolve, reject) => {
    port.open((error) => {
      if (error) reject(new Fault('CONNECT_FAILED', `no serial line ${path}: ${error.message}`, { cause: error }));
      else resolve();
    });
  });
  port.on('data', take);
  port.on('error', (error) => ended(error));
  port.on('close', () => ended(undefined));
  return { write: (bytes) => port.write(bytes), destroy: () => port.close(() => undefined) };
}

async function serialport(path: string): Promise<typeof import('serialport')> {
  try {
    return await import('serialport');
  } catch (error) {
    throw new Fault('CONNECT_FAILED', `no serial line ${path}: the package serialport cannot be loaded here`, {
      cause: error,
    });
  }
}
