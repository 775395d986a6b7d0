/**
 * Ports: what actors need from the outside, injected so that a whole site can run against memory.
 */

/** Which of the two register spaces of a device: read with function code 3 or 4. Only holding registers are written. */
export type RegisterSpace = 'holding' | 'input';

/** One proven-or-not Modbus connection. After any fault it is dead; every later call rejects. */
export type DevicePort = {
  /** Reads registers, holding ones unless said otherwise, of the unit of the address unless said otherwise; at most 125. */
  readonly read: (
    register: number,
    count: number,
    space?: RegisterSpace,
    unitId?: number,
  ) => Promise<readonly number[]>;
  /** Writes holding registers; functionCode 6 takes exactly one word. Resolves when the device acknowledged. */
  readonly write: (register: number, words: readonly number[], functionCode: 6 | 16) => Promise<void>;
  /** Closes at once; pending calls reject with DROPPED_FOR_STOP or CONNECTION_CLOSED. */
  readonly drop: (reason: 'stop' | 'close') => void;
};

/** A serial line on this machine; 8 data bits. */
export type SerialLine = {
  readonly path: string;
  readonly baudRate: number;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
};

export type DeviceAddress = {
  /** Empty where there is a serial line. */
  readonly host: string;
  readonly port: number;
  /** `rtu`: RTU frames over TCP, as serial gateways pass them on. Default `tcp`. */
  readonly framing?: 'tcp' | 'rtu' | undefined;
  /** RTU over this line, instead of host and port. */
  readonly serial?: SerialLine | undefined;
  readonly unitId: number;
  readonly timeoutMs: number;
  readonly requestGapMs: number;
};

export type OpenDevice = (address: DeviceAddress, signal: AbortSignal) => Promise<DevicePort>;

/** A small synced file: `save` resolves when the text is on the disk (fsync, atomic rename). */
export type SyncedFile = {
  readonly load: () => Promise<string | undefined>;
  readonly save: (text: string) => Promise<void>;
};

export type OpenSyncedFile = (name: string) => SyncedFile;
