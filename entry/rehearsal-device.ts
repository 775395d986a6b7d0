/**
 * The device of the rehearsal: registers in memory, behind the very port that talks Modbus TCP to real ones. A battery at
 * rest in good condition, as far as registers can tell, that can be made hot.
 */
import type { Clock } from '../contracts/clock.ts';
import type { DeviceAddress, DevicePort } from '../contracts/ports.ts';
import type { Measurand, Point, Profile } from '../contracts/profile.ts';
import { registersOf } from '../contracts/profile.ts';
import { ModbusTcpPort } from '../io/modbus-tcp-port.ts';
import { encode } from '../machines/device/codec.ts';
import { boundAsWritten } from '../machines/sunspec/bind.ts';

export type RehearsalDevice = {
  readonly open: (address: DeviceAddress, clock: Clock) => DevicePort;
  readonly temperature: (celsius: number) => void;
  /** Temperatures are not read on every poll. */
  readonly temperatureIsSlow: boolean;
};

export const MILD_C = 25;

export function rehearsalDevice(profile: Profile): RehearsalDevice {
  const registers = new Map<number, number>();
  const points = Object.values(boundAsWritten(profile).points);
  const temperatures = points.filter(({ measures }) => measures === 'temperatureC');
  const put = (register: number, words: readonly number[]): void =>
    words.forEach((word, at) => registers.set(register + at, word));
  for (const point of points) put(point.register, wordsOf(point, calm(point, profile)));
  return {
    temperatureIsSlow: temperatures.some(({ group }) => group !== 'fast'),
    temperature(celsius) {
      for (const point of temperatures) put(point.register, wordsOf(point, celsius));
    },
    open(address, clock) {
      const wire = {
        write: (request: Buffer): void => {
          const reply = replyTo(request, registers);
          queueMicrotask(() => port.take(reply, reply.length));
        },
        destroy: () => undefined,
        writableLength: 0,
      };
      const port = new ModbusTcpPort(wire, address, clock);
      return port;
    },
  };
}

/** Reads (function 3, 4) and writes (6, 16) of requests that our own port has built. */
function replyTo(request: Buffer, registers: Map<number, number>): Buffer {
  const functionCode = request.readUInt8(7);
  const register = request.readUInt16BE(8);
  const second = request.readUInt16BE(10);
  const reads = functionCode < 6;
  const reply = Buffer.alloc(reads ? 9 + 2 * second : 12);
  request.copy(reply, 0, 0, 12);
  reply.writeUInt16BE(reply.length - 6, 4);
  if (reads) reply.writeUInt8(2 * second, 8);
  if (functionCode === 6) {
    registers.set(register, second);
    return reply;
  }
  for (let at = 0; at < second; at += 1) {
    if (reads) reply.writeUInt16BE(registers.get(register + at) ?? 0, 9 + 2 * at);
    else registers.set(register + at, request.readUInt16BE(13 + 2 * at));
  }
  return reply;
}

const CALM: Partial<Record<Measurand, number>> = {
  socPct: 50,
  sohPct: 100,
  temperatureC: MILD_C,
  cellVoltageMaxV: 3.3,
  cellVoltageMinV: 3.3,
  cellSpreadMv: 10,
  gridFrequencyHz: 50,
  maxChargeNowW: 5000,
  maxDischargeNowW: 5000,
  apparentRatingVa: 10_000,
  voltageV: 400,
};

function wordsOf(point: Point, value: number): readonly number[] {
  if (point.type === 'string') return Array.from({ length: registersOf(point) }, () => LETTERS);
  return encode(point, value) ?? Array.from({ length: registersOf(point) }, () => 0);
}

const LETTERS = 0x4141;

function calm({ measures, values, writable }: Point, { nominalVoltageV = 230 }: Profile): number {
  if (writable?.limits) return CALM.maxChargeNowW ?? 0;
  if (measures === undefined) return 0;
  if (measures === 'gridVoltageV') return nominalVoltageV;
  if (measures === 'inverterState')
    return Number(Object.entries(values ?? {}).find(([, name]) => name === 'running')?.[0] ?? 0);
  return CALM[measures] ?? 0;
}
