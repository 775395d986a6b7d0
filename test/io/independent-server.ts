/** A simulated asset behind the Modbus TCP server of the package modbus-serial: a peer that shares no code with ours. */
import { ServerTCP } from 'modbus-serial';
import type { Server } from 'node:net';
import type { SimulatedAsset } from '../../simulator/asset.ts';
import type { Exception } from '../../simulator/device.ts';

export type IndependentServer = { readonly port: number; readonly stop: () => Promise<void> };

type Done<T> = (error: Error | null, value: T) => void;

export async function startIndependentServer({ device }: SimulatedAsset): Promise<IndependentServer> {
  const tell = (done: Done<number[]>, result: readonly number[] | Exception | undefined): void => {
    if (result !== undefined && 'exception' in result)
      done(Object.assign(new Error('refused'), { modbusErrorCode: result.exception }), []);
    else done(null, [...(result ?? [])]);
  };
  // The package tells callbacks from promises by the number of parameters: all take exactly these.
  const vector = {
    getHoldingRegister: (register: number, unitId: number, done: Done<number>) =>
      tell((error, [word = 0]) => done(error, word), device.read(register, 1, unitId)),
    getMultipleHoldingRegisters: (register: number, count: number, unitId: number, done: Done<number[]>) =>
      tell(done, device.read(register, count, unitId)),
    setRegister: (register: number, value: number, unitId: number, done: (error: Error | null) => void) =>
      tell(done, device.write(register, [value], 6, unitId)),
    setRegisterArray: (register: number, words: number[], unitId: number, done: (error: Error | null) => void) =>
      tell(done, device.write(register, words, 16, unitId)),
  };
  // The package takes 0 for "not given"; the text "0" is passed on as it is.
  const server = new ServerTCP(vector, { host: '127.0.0.1', port: '0' as unknown as number, unitID: 255 });
  // The listening socket has no public name in the package; its exact version is pinned.
  const listener = (server as unknown as { readonly _server: Server })._server;
  await new Promise<void>((resolve) => server.once('initialized', resolve));
  const address = listener.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
