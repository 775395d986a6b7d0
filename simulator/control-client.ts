/**
 * Client of the simulator's control socket: each request is a promise of its answer.
 */
import { connect, type Socket } from 'node:net';
import type { z } from 'zod';
import { Fault } from '../contracts/faults.ts';
import type { ControlReply, controlRequestSchema, StateReply, TapReply } from './control-messages.ts';
import type { TapRead } from './device.ts';
import type { SimulatedFaultInput } from './fault-kinds.ts';
import type { PlantChange } from './plant-settings.ts';

type Request = Omit<z.input<typeof controlRequestSchema>, 'id'>;
type Done = Extract<ControlReply, { ok: true }>;

export type ControlClient = {
  /** Sends any request; an answer with `ok: false` rejects with BAD_REQUEST or UNKNOWN_ASSET. */
  readonly request: (request: Request | Record<string, unknown>) => Promise<Done>;
  readonly set: (plant: PlantChange, asset?: number) => Promise<void>;
  readonly fault: (fault: SimulatedFaultInput, asset?: number) => Promise<void>;
  readonly clear: (asset?: number) => Promise<void>;
  readonly state: (asset?: number) => Promise<StateReply>;
  readonly tap: (since?: number, asset?: number) => Promise<TapReply>;
  readonly reads: (since?: number, asset?: number) => Promise<readonly TapRead[]>;
  readonly reboot: (offlineMs?: number, asset?: number) => Promise<void>;
  readonly close: () => void;
};

type Waiting = { readonly resolve: (reply: Done) => void; readonly reject: (fault: Fault) => void };

/** `path`: a Unix socket, or the number of a loopback port. */
export async function connectControl(path: string): Promise<ControlClient> {
  const socket = await open(path);
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  listenTo(socket, waiting);

  return {
    request,
    async set(plant, asset) {
      await request({ do: 'set', plant, ...at(asset) });
    },
    async fault(fault, asset) {
      await request({ do: 'fault', fault, ...at(asset) });
    },
    async clear(asset) {
      await request({ do: 'clear', ...at(asset) });
    },
    async state(asset) {
      return present((await request({ do: 'state', ...at(asset) })).state);
    },
    async tap(since = 0, asset) {
      return present((await request({ do: 'tap', since, ...at(asset) })).tap);
    },
    async reads(since = 0, asset) {
      return present((await request({ do: 'reads', since, ...at(asset) })).reads);
    },
    async reboot(offlineMs = 0, asset) {
      await request({ do: 'reboot', offlineMs, ...at(asset) });
    },
    close: () => socket.destroy(),
  };

  function request(body: Request | Record<string, unknown>): Promise<Done> {
    const id = ++lastId;
    return new Promise((resolve, reject) => {
      if (socket.destroyed) {
        reject(new Fault('CONNECTION_CLOSED'));
        return;
      }
      waiting.set(id, { resolve, reject });
      socket.write(`${JSON.stringify({ ...body, id })}\n`);
    });
  }
}

function listenTo(socket: Socket, waiting: Map<number, Waiting>): void {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const reply = JSON.parse(line) as ControlReply;
      const waiter = waiting.get(Number(reply.id));
      waiting.delete(Number(reply.id));
      if (reply.ok) waiter?.resolve(reply);
      else waiter?.reject(new Fault(reply.code, reply.message));
    }
  });
  // The close that follows an error rejects what waits.
  socket.on('error', () => socket.destroy());
  socket.once('close', () => {
    for (const { reject } of waiting.values()) reject(new Fault('CONNECTION_CLOSED'));
    waiting.clear();
  });
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(/^\d+$/.test(path) ? { host: '127.0.0.1', port: Number(path) } : { path });
    const fail = (cause: Error): void =>
      reject(new Fault('CONNECT_FAILED', `cannot reach the simulator at ${path}`, { cause }));
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

function at(asset: number | undefined): { asset?: number } {
  return asset === undefined ? {} : { asset };
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the simulator left out what was asked for');
  return value;
}
