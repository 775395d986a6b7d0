/**
 * Memory network: device ports straight to simulated assets, without sockets, on an injected clock.
 *
 * A port behaves as the one over real sockets: one request in flight (two at once are a defect), `requestGapMs` after the
 * answer before it, dead after a timeout, a reset or a drop, and dead ports reject everything. What was sent before a drop
 * still reaches the device, as bytes on a wire do.
 */
import type { Clock, TimerId } from '../contracts/clock.ts';
import { Fault } from '../contracts/faults.ts';
import type { DeviceAddress, DevicePort, OpenDevice } from '../contracts/ports.ts';
import type { Command, SimulatedAsset } from './asset.ts';
import { handle } from './asset.ts';
import type { Exception } from './device.ts';
import { EXCEPTION } from './device.ts';

export type MemoryNetwork = {
  readonly open: OpenDevice;
  /**
   * Puts an asset behind an address; replaces the one that is there, as when two devices swap their cables. Open
   * connections end, or stay and do not notice, as behind a gateway.
   */
  readonly attach: (
    host: string,
    port: number,
    asset: SimulatedAsset,
    options?: { readonly keepConnections?: boolean },
  ) => void;
  readonly detach: (host: string, port: number) => void;
  /** Ends all open connections, as when their owner dies. */
  readonly cut: () => void;
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
  readonly timer: TimerId;
  readonly resolve: (words: readonly number[]) => void;
  readonly reject: (fault: Fault) => void;
};
type Result = readonly number[] | Exception;
/** Replies that were held back at an address. */
type LateReplies = { readonly result: Result; readonly as: 'itself' | 'fresh' }[];
type Wire = { readonly clock: Clock; readonly latencyMs: number; readonly late: LateReplies };
type Connection = { readonly port: DevicePort; readonly end: (fault: Fault) => void };
/** Who is at the other end of a connection: whoever was there when it was opened, but for a gateway that changes it. */
type FarEnd = { asset: SimulatedAsset };
type Open = { readonly key: string; readonly far: FarEnd };

export function memoryNetwork({ clock, latencyMs = 4, singleClient = false }: MemoryOptions): MemoryNetwork {
  const assets = new Map<string, SimulatedAsset>();
  const connections = new Map<Connection, Open>();
  const lates = new Map<string, LateReplies>();

  return {
    attach(host, port, asset, { keepConnections = false } = {}) {
      if (!keepConnections) endAll(`${host}:${port}`);
      for (const { key, far } of connections.values()) if (key === `${host}:${port}`) far.asset = asset;
      assets.set(`${host}:${port}`, asset);
    },
    detach(host, port) {
      endAll(`${host}:${port}`);
      assets.delete(`${host}:${port}`);
    },
    cut() {
      for (const [connection] of connections) connection.end(new Fault('CONNECTION_CLOSED'));
    },
    connections: () => connections.size,
    async open(address, signal) {
      const key = `${address.host}:${address.port}`;
      await connecting(clock, latencyMs, signal);
      const asset = assets.get(key);
      if (!asset || asset.faults.refusing())
        throw new Fault('CONNECT_FAILED', `${key} refused the connection`, { details: { address: key } });
      if (singleClient || asset.faults.singleClient()) endAll(key);
      asset.faults.connected();
      const forget = asset.faults.onReset(() => connection.end(new Fault('CONNECTION_CLOSED', 'reset by the device')));
      const wire = { clock, latencyMs, late: lateOf(key) };
      const far = { asset };
      const connection = memoryPort(far, address, wire, () => {
        forget();
        connections.delete(connection);
      });
      connections.set(connection, { key, far });
      return connection.port;
    },
  };

  function lateOf(key: string): LateReplies {
    const known = lates.get(key) ?? [];
    lates.set(key, known);
    return known;
  }

  function endAll(key: string): void {
    for (const [connection, open] of connections) if (open.key === key) connection.end(new Fault('CONNECTION_CLOSED'));
  }
}

/** The signal ends the opening only; an open port ends by `drop`. */
function connecting(clock: Clock, latencyMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new Fault('CONNECT_FAILED', 'given up'));
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    clock.setTimeout(() => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    }, latencyMs);
  });
}

function memoryPort(far: FarEnd, address: DeviceAddress, wire: Wire, onEnd: () => void): Connection {
  const { clock, latencyMs, late } = wire;
  const { unitId, timeoutMs, requestGapMs } = address;
  let pending: Pending | undefined;
  let lastReplyAtMs = -Infinity;
  let dead: Fault | undefined;

  return {
    end,
    port: {
      read: (register, count, space, unit = unitId) =>
        space === 'input' ? withoutInputs(register) : request({ op: 'read', register, count, unitId: unit }),
      async write(register, words, functionCode) {
        await request({ op: 'write', register, words: [...words], functionCode, unitId });
      },
      drop: (reason) => end(new Fault(reason === 'stop' ? 'DROPPED_FOR_STOP' : 'CONNECTION_CLOSED')),
    },
  };

  async function request(command: Command): Promise<readonly number[]> {
    requireAlive();
    const waitMs = lastReplyAtMs + requestGapMs - clock.now();
    if (waitMs > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, waitMs));
    requireAlive();
    if (pending) throw new Error('two requests at once on one connection');
    return new Promise((resolve, reject) => {
      const timer = clock.setTimeout(() => end(new Fault('TIMEOUT', `no answer within ${timeoutMs} ms`)), timeoutMs);
      const sent: Pending = { command, timer, resolve, reject };
      pending = sent;
      clock.setTimeout(
        () => handle(far.asset, command, (result) => clock.setTimeout(() => arrive(sent, result), latencyMs / 2)),
        latencyMs / 2,
      );
    });
  }

  function requireAlive(): void {
    if (dead) throw dead;
  }

  /** What a transport makes of the bytes that a fault leaves of this reply. */
  function arrive(sent: Pending, result: Result): void {
    const fault = far.asset.faults.judgeReply(sent.command.op);
    if (fault?.kind === 'late') {
      late.push({ result, as: fault.as });
      return;
    }
    if (dead) return;
    const held = late.splice(0);
    if (held.some(({ as }) => as === 'itself')) return end(new Fault('BAD_FRAME', 'the reply to another request'));
    const shown = held.at(-1)?.result ?? result;
    if (!isReplyTo(sent.command, shown)) return end(new Fault('BAD_FRAME', 'the reply to another kind of request'));
    switch (fault?.kind) {
      case undefined:
        return settle(sent, shown);
      case 'wrong':
        return end(new Fault('BAD_FRAME', `wrong ${fault.field}`));
      case 'twice':
      case 'extra':
        return end(new Fault('BAD_FRAME', 'bytes that no request asked for'));
      case 'half':
        return; // the time-out follows
      case 'segments':
        clock.setTimeout(() => settle(sent, shown), fault.everyMs * Math.ceil(sizeOf(sent.command) / fault.bytes));
        return;
      case 'cut':
        if (fault.when === 'after') settle(sent, shown);
        end(new Fault('CONNECTION_CLOSED', 'cut by the device'));
    }
  }

  function settle({ command, timer, resolve, reject }: Pending, result: Result): void {
    if (dead) return;
    clock.clearTimeout(timer);
    pending = undefined;
    lastReplyAtMs = clock.now();
    if ('exception' in result) reject(exceptionFault(result, command));
    else resolve(result);
  }

  function end(fault: Fault): void {
    if (dead) return;
    dead = fault;
    onEnd();
    if (!pending) return;
    clock.clearTimeout(pending.timer);
    pending.reject(fault);
  }
}

/** Bytes of the reply. */
function sizeOf(command: Command): number {
  return command.op === 'read' ? 9 + 2 * command.count : 12;
}

function isReplyTo(command: Command, result: Result): boolean {
  return 'exception' in result || result.length === (command.op === 'read' ? command.count : 0);
}

/** Simulated devices have holding registers only. */
function withoutInputs(register: number): Promise<never> {
  return Promise.reject(exceptionFault({ exception: EXCEPTION.illegalFunction }, { op: 'read', register }));
}

function exceptionFault({ exception }: Exception, { op, register }: Pick<Command, 'op' | 'register'>): Fault {
  return new Fault('DEVICE_EXCEPTION', `the device answered the ${op} of ${register} with exception ${exception}`, {
    details: { exception, register },
  });
}
