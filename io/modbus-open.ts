/** The way to a device by its address: Modbus TCP, RTU over TCP, or RTU over a serial line. */
import type { Clock } from '../contracts/clock.ts';
import { Fault } from '../contracts/faults.ts';
import type { OpenDevice } from '../contracts/ports.ts';
import { silenceMs } from './modbus-rtu.ts';
import type { OpenByteLine } from './modbus-rtu-port.ts';
import { openModbusRtu } from './modbus-rtu-port.ts';
import { connected, openModbusTcp } from './modbus-tcp.ts';
import type { Inbox } from './modbus-tcp.ts';
import { openSerialLine } from './serial-line.ts';

export function openModbus(clock: Clock): OpenDevice {
  const overTcp = openModbusTcp(clock);
  const overLine = openModbusRtu(clock, openByteLine(clock));
  return (address, signal) => {
    const rtu = address.serial !== undefined || address.framing === 'rtu';
    return rtu ? overLine(address, signal) : overTcp(address, signal);
  };
}

function openByteLine(clock: Clock): OpenByteLine {
  return async (address, signal, events) => {
    if (address.serial) {
      const line = await openSerialLine(address.serial, {
        take: events.take,
        ended: (error) =>
          events.ended(
            new Fault('CONNECTION_CLOSED', error && `the serial line failed: ${error.message}`, { cause: error }),
          ),
      });
      if (signal.aborted) line.destroy();
      return { ...line, silenceMs: silenceMs(address.serial.baudRate) };
    }
    const inbox: Inbox = { take: (bytes, length) => events.take(Buffer.from(bytes.subarray(0, length))) };
    const socket = await connected(address, signal, clock, inbox);
    socket.on('error', (error) =>
      events.ended(new Fault('CONNECTION_CLOSED', `the connection failed: ${error.message}`, { cause: error })),
    );
    socket.on('end', () => events.ended(new Fault('CONNECTION_CLOSED')));
    socket.on('close', () => events.ended(new Fault('CONNECTION_CLOSED')));
    // The silence on the line behind it is the gateway's to keep.
    return { write: (bytes) => socket.write(bytes), destroy: () => socket.destroy(), silenceMs: 0 };
  };
}
