/**
 * Modbus RTU ports: one per unit, several of them on one line, which is opened with the first and closed with the last.
 *
 * A port is dead after its first fault, as one over TCP is; the line and the other units on it live on.
 */
import type { Clock } from '../contracts/clock.ts';
import { Fault } from '../contracts/faults.ts';
import type { DeviceAddress, DevicePort, OpenDevice, RegisterSpace } from '../contracts/ports.ts';
import { READS } from './modbus-pdu.ts';
import type { Request } from './modbus-pdu.ts';
import type { ByteLine, Owing } from './modbus-rtu-line.ts';
import { RtuLine } from './modbus-rtu-line.ts';

/** What the bytes of a line are handed to, once there is somebody. */
export type LineEvents = { readonly take: (bytes: Buffer) => void; readonly ended: (fault: Fault) => void };
export type OpenByteLine = (address: DeviceAddress, signal: AbortSignal, events: LineEvents) => Promise<ByteLine>;

type Shared = { readonly opening: Promise<RtuLine>; readonly ended: AbortController; users: number };

export function openModbusRtu(clock: Clock, openLine: OpenByteLine): OpenDevice {
  const lines = new Map<string, Shared>();
  const debts = new Map<string, Owing>();

  return async (address, signal) => {
    const name = address.serial?.path ?? `${address.host}:${address.port}`;
    const shared = lines.get(name) ?? opened(name, address);
    shared.users += 1;
    const leave = once(() => {
      shared.users -= 1;
      if (shared.users === 0) close(name, shared);
    });
    try {
      const line = await orAborted(shared.opening, signal);
      await orAborted(line.settle(address.unitId, address.timeoutMs), signal);
      return new RtuPort(line, address, leave);
    } catch (error) {
      leave();
      throw error;
    }
  };

  function opened(name: string, address: DeviceAddress): Shared {
    const ended = new AbortController();
    const shared: Shared = {
      opening: openedLine(name, address, ended.signal, () => forget(name, shared)),
      ended,
      users: 0,
    };
    // Each user is told; with none left nobody has to be.
    shared.opening.catch(() => forget(name, shared));
    lines.set(name, shared);
    return shared;
  }

  async function openedLine(
    name: string,
    address: DeviceAddress,
    signal: AbortSignal,
    forgotten: () => void,
  ): Promise<RtuLine> {
    let line: RtuLine | undefined;
    const bytes = await openLine(address, signal, {
      take: (chunk) => line?.take(chunk),
      ended(fault) {
        forgotten();
        line?.die(fault);
      },
    });
    const owing = debts.get(name) ?? new Map<number, number>();
    debts.set(name, owing);
    line = new RtuLine(bytes, clock, owing);
    return line;
  }

  function close(name: string, shared: Shared): void {
    forget(name, shared);
    shared.ended.abort();
    shared.opening.then(
      (line) => line.die(new Fault('CONNECTION_CLOSED')),
      () => undefined,
    );
  }

  function forget(name: string, shared: Shared): void {
    if (lines.get(name) === shared) lines.delete(name);
  }
}

class RtuPort implements DevicePort {
  readonly #line: RtuLine;
  readonly #address: DeviceAddress;
  readonly #leave: () => void;
  #reject: ((fault: Fault) => void) | undefined;
  #fault: Fault | undefined;

  constructor(line: RtuLine, address: DeviceAddress, leave: () => void) {
    this.#line = line;
    this.#address = address;
    this.#leave = leave;
  }

  read(
    register: number,
    count: number,
    space: RegisterSpace = 'holding',
    unitId = this.#address.unitId,
  ): Promise<readonly number[]> {
    return this.#exchange({ functionCode: READS[space], register, count }, unitId);
  }

  async write(register: number, words: readonly number[], functionCode: 6 | 16): Promise<void> {
    await this.#exchange({ functionCode, register, words }, this.#address.unitId);
  }

  drop(reason: 'stop' | 'close'): void {
    this.#die(new Fault(reason === 'stop' ? 'DROPPED_FOR_STOP' : 'CONNECTION_CLOSED'));
  }

  #exchange(request: Request, unitId: number): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      if (this.#fault) return reject(this.#fault);
      if (this.#reject) return reject(new Error('two requests at once on one connection'));
      this.#reject = reject;
      this.#ask(unitId, request).then(
        (words) => {
          this.#reject = undefined;
          resolve(words);
        },
        (error: unknown) => {
          this.#reject = undefined;
          reject(error as Error);
          if (error instanceof Fault && error.code !== 'DEVICE_EXCEPTION') this.#die(error);
        },
      );
    });
  }

  /** The unit of this port owes nothing since it was opened; another one may from an earlier time. */
  async #ask(unitId: number, request: Request): Promise<readonly number[]> {
    const { timeoutMs, requestGapMs } = this.#address;
    if (unitId !== this.#address.unitId) await this.#line.settle(unitId, timeoutMs);
    if (this.#fault) throw this.#fault;
    return this.#line.request(unitId, request, { timeoutMs, gapMs: requestGapMs });
  }

  #die(fault: Fault): void {
    if (this.#fault) return;
    this.#fault = fault;
    this.#reject?.(fault);
    this.#leave();
  }
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    run();
  };
}

/** The line is shared: whoever gives up only stops waiting for it. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new Fault('CONNECT_FAILED', 'given up'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
