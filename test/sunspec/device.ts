/** A Modbus TCP server of modbus-serial that holds a map of registers and refuses all others, as an independent peer. */
import type { Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { ServerTCP } from 'modbus-serial';

export type SunspecDevice = {
  readonly port: number;
  /** First register and count of every request. */
  readonly requests: (readonly [number, number])[];
  readonly stop: () => Promise<void>;
};

export type DeviceOptions = {
  readonly base?: number;
  readonly unit?: number;
  /** What a request to another unit gets; without it silence. */
  readonly wrongUnit?: number;
  readonly illegalAddress?: number;
};

type Done = (error: Error | null, values: number[]) => void;

export async function startDevice(
  image: readonly number[],
  { base = 40_000, unit = 1, wrongUnit, illegalAddress = 2 }: DeviceOptions = {},
): Promise<SunspecDevice> {
  const requests: (readonly [number, number])[] = [];
  const read = (register: number, count: number, asked: number, done: Done): void => {
    requests.push([register, count]);
    const from = register - base;
    const refuse = (code: number): void => done(Object.assign(new Error('refused'), { modbusErrorCode: code }), []);
    if (asked !== unit) return wrongUnit === undefined ? undefined : refuse(wrongUnit);
    if (from < 0 || from + count > image.length) return refuse(illegalAddress);
    done(null, image.slice(from, from + count));
  };
  // The package takes 0 for "not given" and asks for port 502; the text "0" is passed on. Unit 255 answers for all.
  const server = new ServerTCP(
    {
      getHoldingRegister: (register: number, asked: number, done: (error: Error | null, value: number) => void) =>
        read(register, 1, asked, (error, values) => done(error, values[0] ?? 0)),
      getMultipleHoldingRegisters: (register: number, count: number, asked: number, done: Done) =>
        read(register, count, asked, done),
    },
    { host: '127.0.0.1', port: '0' as unknown as number, unitID: 255 },
  );
  await new Promise((resolve) => server.once('initialized', resolve));
  // The listening socket has no public name in the package; its exact version is pinned.
  const listener = (server as unknown as { readonly _server: Server })._server;
  return {
    port: (listener.address() as AddressInfo).port,
    requests,
    async stop() {
      for (const socket of server.socks.keys()) socket.destroy();
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
}
