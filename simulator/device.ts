/**
 * The device that both servers share, Modbus TCP and memory: registers in, registers or a Modbus exception out.
 *
 * The *tap* is an independent recorder inside it: every write that reached the device stands there, with what it did.
 * Safety tests judge bessd by the tap alone, never by its own logs.
 */
import type { Clock } from '../contracts/clock.ts';

export const EXCEPTION = {
  illegalFunction: 1,
  illegalAddress: 2,
  illegalValue: 3,
  deviceFailure: 4,
  busy: 6,
  gatewayTarget: 11,
} as const;

export type Exception = { readonly exception: number };

/** What a vendor's register map does with a plant. */
export type Face = {
  readonly read: (register: number, count: number) => readonly number[] | Exception;
  readonly write: (register: number, words: readonly number[]) => Exception | undefined;
  /** Other units behind the same connection, as a communication module with values of its own. */
  readonly units?: Readonly<Record<number, Pick<Face, 'read'>>>;
  /** What is volatile in the map itself goes back to its default. */
  readonly reboot?: () => void;
};

export type Device = {
  readonly read: (register: number, count: number, unitId: number) => readonly number[] | Exception;
  readonly write: (
    register: number,
    words: readonly number[],
    functionCode: 6 | 16,
    unitId: number,
    origin?: Origin,
  ) => Exception | undefined;
};

/** Who wrote: a client of the device's own connections, or somebody else whom a test plays. */
export type Origin = 'client' | 'intruder';

export type TapEntry = {
  /** Position in the tap, from 0. */
  readonly n: number;
  readonly monotonicMs: number;
  readonly wallMs: number;
  readonly unitId: number;
  readonly register: number;
  readonly words: readonly number[];
  readonly functionCode: 6 | 16;
  readonly accepted: boolean;
  readonly exception: number | undefined;
  readonly origin: Origin;
  /** At the moment of the write, positive = discharge. */
  readonly batteryPowerW: number;
};

/** When a read reached the device; enough to judge the rhythm of whoever polls it. */
export type TapRead = { readonly n: number; readonly monotonicMs: number; readonly register: number };

export type Tap = {
  /** Entries from position `since` on, oldest first. */
  readonly entries: (since?: number) => readonly TapEntry[];
  /** Reads from position `since` on, oldest first. */
  readonly readTimes: (since?: number) => readonly TapRead[];
  /** Called for each entry as it is made; the answer takes the listener away. */
  readonly onEntry: (listener: (entry: TapEntry) => void) => () => void;
  /** Requests that reached the device since its start. */
  readonly writes: () => number;
  readonly reads: () => number;
};

export type TappedDevice = { readonly device: Device; readonly tap: Tap };

/** Beyond this the oldest entries go, so that a device left running for weeks does not fill the memory. */
const TAP_LIMIT = 200_000;

/** `advance` brings physics to the present before each request. */
export function tappedDevice(options: {
  readonly face: Face;
  readonly clock: Clock;
  readonly unitIds: readonly number[];
  readonly advance: () => void;
  readonly batteryPowerW: () => number;
}): TappedDevice {
  const { face, clock, unitIds, advance, batteryPowerW } = options;
  let log: TapEntry[] = [];
  let readLog: TapRead[] = [];
  let next = 0;
  let reads = 0;
  const listeners = new Set<(entry: TapEntry) => void>();

  return {
    device: {
      read(register, count, unitId) {
        readLog.push({ n: reads, monotonicMs: clock.now(), register });
        if (readLog.length > TAP_LIMIT) readLog = readLog.slice(TAP_LIMIT / 10);
        reads += 1;
        const unit = unitIds.includes(unitId) ? face : face.units?.[unitId];
        if (!unit) return { exception: EXCEPTION.gatewayTarget };
        if (count < 1 || count > 125) return { exception: EXCEPTION.illegalValue };
        advance();
        return unit.read(register, count);
      },
      write(register, words, functionCode, unitId, origin = 'client') {
        advance();
        const power = batteryPowerW();
        const refused = unitIds.includes(unitId) ? face.write(register, words) : { exception: EXCEPTION.gatewayTarget };
        record({
          unitId,
          register,
          words: [...words],
          functionCode,
          accepted: !refused,
          exception: refused?.exception,
          origin,
          batteryPowerW: power,
        });
        return refused;
      },
    },
    tap: {
      entries: (since = 0) => log.filter(({ n }) => n >= since),
      readTimes: (since = 0) => readLog.filter(({ n }) => n >= since),
      writes: () => next,
      reads: () => reads,
      onEntry(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
  };

  function record(given: Omit<TapEntry, 'n' | 'monotonicMs' | 'wallMs'>): void {
    const entry = { n: next, monotonicMs: clock.now(), wallMs: clock.wall(), ...given };
    log.push(entry);
    next += 1;
    for (const listener of listeners) listener(entry);
    if (log.length > TAP_LIMIT) log = log.slice(TAP_LIMIT / 10);
  }
}
