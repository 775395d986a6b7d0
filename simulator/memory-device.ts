/**
 * Memory network: device ports straight to simulated assets, without sockets, on an injected clock.
 *
 * A port behaves as contracts/ports.ts says: one request at a time, `requestGapMs` after the answer before it, dead after
 * a timeout, a reset or a drop, and dead ports reject everything. What was sent before a drop still reaches the device,
 * as bytes on a wire do.
 */
import type { Clock } from '../contracts/clock.ts';
import { Fault } from '../contracts/faults.ts';
import type { DeviceAddress, DevicePort, OpenDevice } from '../contracts/ports.ts';
import type { Command, SimulatedAsset } from './asset.ts';
import { handle } from './asset.ts';

export type MemoryNetwork = {
  readonly open: OpenDevice;
  /** Puts an asset behind an address; replaces the one that is there, as when two devices swap their cables. */
  readonly attach: (host: string, port: number, asset: SimulatedAsset) => void;
  readonly detach: (host: string, port: number) => void;
  /** Connections that are open now. */
  readonly connections: () => number;
};

export type MemoryOptions = {
  readonly clock: Clock;
  /** There and back, for a connect and for each request. */
  readonly latencyMs?: number;
  /** A new connection closes the older ones of the same address, as Huawei's dongle does. */
  readonly singleClient?: boolean;
};

type Pending = {
  readonly command: Command;
  readonly resolve: (words: readonly number[]) => void;
  readonly reject: (fault: Fault) => void;
};
type Connection = { readonly port: DevicePort; readonly end: (fault: Fault) => void };

export function memoryNetwork({ clock, latencyMs = 4, singleClient = false }: MemoryOptions): MemoryNetwork {
  const assets = new Map<string, SimulatedAsset>();
  const connections = new Map<Connection, string>();

  return {
    attach(host, port, asset) {
      assets.set(`${host}:${port}`, asset);
    },
    detach(host, port) {
      assets.delete(`${host}:${port}`);
    },
    connections: () => connections.size,
    async open(address, signal) {
      const key = `${address.host}:${address.port}`;
      await new Promise<void>((resolve) => clock.setTimeout(resolve, latencyMs));
      if (signal.aborted) throw new Fault('CONNECTION_CLOSED', 'given up before the connection was open');
      const asset = assets.get(key);
      if (!asset || asset.faults.refusing())
        throw new Fault('CONNECT_FAILED', `${key} refused the connection`, { details: { address: key } });
      if (singleClient)
        for (const [other, at] of connections) if (at === key) other.end(new Fault('CONNECTION_CLOSED'));
      asset.faults.connected();
      const forget = asset.faults.onReset(() => connection.end(new Fault('CONNECTION_CLOSED', 'reset by the device')));
      const onAbort = (): void => connection.port.drop('close');
      const connection = memoryPort(asset, address, { clock, latencyMs }, () => {
        forget();
        signal.removeEventListener('abort', onAbort);
        connections.delete(connection);
      });
      signal.addEventListener('abort', onAbort, { once: true });
      connections.set(connection, key);
      return connection.port;
    },
  };
}

function memoryPort(
  asset: SimulatedAsset,
  address: DeviceAddress,
  wire: { clock: Clock; latencyMs: number },
  onEnd: () => void,
): Connection {
  const { clock, latencyMs } = wire;
  const { unitId, timeoutMs, requestGapMs } = address;
  let queue: Pending[] = [];
  let busy = false;
  let freeAtMs = -Infinity;
  let dead: Fault | undefined;

  return {
    end,
    port: {
      read: (register, count) => request({ op: 'read', register, count, unitId }),
      async write(register, words, functionCode) {
        await request({ op: 'write', register, words: [...words], functionCode, unitId });
      },
      drop: (reason) => end(new Fault(reason === 'stop' ? 'DROPPED_FOR_STOP' : 'CONNECTION_CLOSED')),
    },
  };

  function request(command: Command): Promise<readonly number[]> {
    if (dead) return Promise.reject(dead);
    return new Promise((resolve, reject) => {
      queue.push({ command, resolve, reject });
      if (!busy) next();
    });
  }

  function next(): void {
    const [pending] = queue;
    if (!pending || dead) return;
    busy = true;
    const waitMs = Math.max(0, freeAtMs + requestGapMs - clock.now());
    if (waitMs > 0) clock.setTimeout(() => send(pending), waitMs);
    else send(pending);
  }

  function send({ command, resolve, reject }: Pending): void {
    if (dead) return;
    const timer = clock.setTimeout(() => end(new Fault('TIMEOUT', `no answer within ${timeoutMs} ms`)), timeoutMs);
    clock.setTimeout(
      () => handle(asset, command, (result) => clock.setTimeout(() => settle(result), latencyMs / 2)),
      latencyMs / 2,
    );

    function settle(result: readonly number[] | { readonly exception: number }): void {
      clock.clearTimeout(timer);
      if (dead) return;
      queue.shift();
      busy = false;
      freeAtMs = clock.now();
      if ('exception' in result)
        reject(
          new Fault('DEVICE_EXCEPTION', `the device answered with exception ${result.exception}`, {
            details: { ...result },
          }),
        );
      else resolve(result);
      next();
    }
  }

  function end(fault: Fault): void {
    if (dead) return;
    dead = fault;
    onEnd();
    const rejected = queue;
    queue = [];
    for (const { reject } of rejected) reject(fault);
  }
}
