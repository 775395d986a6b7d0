/**
 * Control socket of the simulator: tests, demos and people change the plant and read the tap over it.
 *
 * Listens on a Unix socket (mode 0600), or on a loopback TCP port when the path is a number. Owns the socket file: a dead
 * one that a crash left behind is replaced, a living one is not.
 */
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Fault } from '../contracts/faults.ts';
import { parse, problemText } from '../contracts/parse.ts';
import type { SimulatedAsset } from './asset.ts';
import type { Devices, Swap } from './devices.ts';
import { chosen, intrude } from './devices.ts';
import type { ControlReply, ControlRequest } from './control-messages.ts';
import { controlRequestSchema } from './control-messages.ts';

export type ControlServer = { readonly path: string; readonly stop: () => Promise<void> };

const LONGEST_LINE = 65_536;

export async function startControl(path: string, devices: Devices): Promise<ControlServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serveLines(socket, devices);
  });
  const isPort = /^\d+$/.test(path);
  if (!isPort) await removeDeadSocket(path);
  await listen(server, path, isPort);
  if (!isPort) await chmod(path, 0o600);
  const address = server.address();

  return {
    path: typeof address === 'object' && address ? String(address.port) : path,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Carries out one request; also without a socket. */
export function control(input: unknown, devices: Devices): ControlReply {
  const parsed = parse(controlRequestSchema, input);
  if (!parsed.ok)
    return { ...idOf(input), ok: false, code: 'BAD_REQUEST', message: parsed.problems.map(problemText).join('; ') };
  const request = parsed.value;
  if (request.do === 'swap') return swapped(request, devices, idOf(input));
  const targets = chosen(devices, request);
  const [first] = targets;
  if (!first) return { ...idOf(input), ok: false, code: 'UNKNOWN_ASSET', message: unknown(request, devices) };
  return { ...idOf(input), ok: true, ...carryOut(request, targets, first) };
}

type Targeted = Exclude<ControlRequest, { do: 'swap' }>;
type Answer = Omit<Extract<ControlReply, { ok: true }>, 'ok' | 'id'>;

function carryOut(request: Targeted, targets: readonly SimulatedAsset[], first: SimulatedAsset): Answer {
  switch (request.do) {
    case 'set':
      for (const asset of targets) asset.set(request.plant);
      return {};
    case 'fault':
      for (const asset of targets) asset.faults.apply(request.fault);
      return {};
    case 'clear':
      for (const asset of targets) asset.faults.clear();
      return {};
    case 'reboot':
      for (const asset of targets) asset.reboot(request.offlineMs);
      return {};
    case 'write': {
      const refused = targets.map((asset) => intrude(asset, request)).find(Boolean);
      return refused ? { exception: refused.exception } : {};
    }
    case 'state':
      return { state: stateOf(first) };
    case 'tap':
      return { tap: tapOf(first, request.since) };
    case 'reads':
      return { reads: first.tap.readTimes(request.since) };
  }
}

function swapped(request: Swap, { assets, swap }: Devices, id: ReturnType<typeof idOf>): ControlReply {
  const missing = request.assets.find((at) => at >= assets.length);
  if (missing !== undefined || !swap)
    return { ...id, ok: false, code: 'UNKNOWN_ASSET', message: unknown({ asset: missing }, { assets }) };
  swap(request);
  return { ...id, ok: true };
}

function unknown({ asset, device }: Partial<Pick<Targeted, 'asset' | 'device'>>, { assets }: Devices): string {
  if (device && device !== 'inverter') return `device: this site has no ${device} of its own for that`;
  return `asset: got ${asset}, expected: 0 to ${assets.length - 1}`;
}

function stateOf({ state, faults, tap }: SimulatedAsset): NonNullable<Extract<ControlReply, { ok: true }>['state']> {
  const plant = state();
  return {
    ...plant,
    batteryPowerRegisterW: Math.round(-plant.batteryW) + 0,
    forced: plant.controls.command !== 'none',
    faults: faults.active(),
    writes: tap.writes(),
    reads: tap.reads(),
  };
}

function tapOf({ tap }: SimulatedAsset, since: number): NonNullable<Extract<ControlReply, { ok: true }>['tap']> {
  return { entries: tap.entries(since), reads: tap.reads(), next: tap.writes() };
}

function serveLines(socket: Socket, devices: Devices): void {
  let rest = '';
  socket.setEncoding('utf8');
  // A client that goes away in the middle of an answer is no event of the plant.
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') answer(control(jsonOf(line), devices));
    if (rest.length <= LONGEST_LINE) return;
    answer({ ok: false, code: 'BAD_REQUEST', message: `(whole): a line is longer than ${LONGEST_LINE} characters` });
    socket.end();
  });

  function answer(reply: ControlReply): void {
    socket.write(`${JSON.stringify(reply)}\n`);
  }
}

function idOf(input: unknown): { id?: number | string } {
  const id = typeof input === 'object' && input !== null && 'id' in input ? input.id : undefined;
  return typeof id === 'number' || typeof id === 'string' ? { id } : {};
}

/** What is not JSON stays text, which no request schema accepts. */
function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}

function listen(server: Server, path: string, isPort: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new Fault('CONNECT_FAILED', `cannot listen on ${path}: ${cause.message}`, { cause, details: { path } })),
    );
    server.listen(isPort ? { host: '127.0.0.1', port: Number(path) } : { path }, resolve);
  });
}

async function removeDeadSocket(path: string): Promise<void> {
  const code = await new Promise<string>((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve('ALIVE');
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'UNKNOWN'));
  });
  if (code === 'ECONNREFUSED') await rm(path, { force: true });
}
