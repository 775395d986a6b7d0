/** What the Modbus transport has to reach, every check and time-out switched on. */
import type { Target } from '../measure.ts';

export const TARGETS = {
  /** Reads per second on one connection. */
  overRaw: { of: 'ratio', atLeast: 0.85 },
  overModbusSerial: { of: 'ratio', atLeast: 1.9 },
  overLibmodbus: { of: 'ratio', atLeast: 0.8 },
  /** Reads per second on 100 connections, memory with 500. */
  saturatedOverModbusSerial: { of: 'ratio', atLeast: 3.5 },
  memoryOfModbusSerial: { of: 'ratio', atMost: 0.45 },
  /** 500 devices, each once a second. */
  fleetCpuOfRaw: { of: 'ratio', atMost: 1.3 },
  fleetLatestMs: { of: 'figure', atMost: 1000 },
  /** From FIN or RST to the rejection of the pending read. */
  hangUpMs: { of: 'figure', atMost: 5 },
} as const satisfies Readonly<Record<string, Target>>;
