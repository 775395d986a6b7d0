/**
 * How a field device is reached, as the site file says it: Modbus TCP, RTU over TCP (a serial gateway), or a serial line.
 */
import { z } from 'zod';

const serial = z.strictObject({
  /** As /dev/ttyUSB0, better /dev/serial/by-id/…, which stays the same. */
  path: z.string().min(1),
  baudRate: z.int().min(300).max(4_000_000).default(9600),
  parity: z.enum(['none', 'even', 'odd']).default('none'),
  stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
});

export const deviceLinkSchema = z
  .strictObject({
    /** Empty where there is a serial line. */
    host: z.string().default(''),
    port: z.int().min(1).max(65_535).default(502),
    /** `rtu`: RTU frames over TCP, as serial gateways pass them on. */
    framing: z.enum(['tcp', 'rtu']).optional(),
    serial: serial.optional(),
    unitId: z.int().min(0).max(255).optional(),
  })
  .superRefine(({ host, framing, serial: line, unitId }, context) => {
    const complain = (path: string[], message: string): void => context.addIssue({ code: 'custom', path, message });
    if (host === '' && line === undefined) complain(['host'], 'the address of the device, or serial instead of it');
    if (host !== '' && line !== undefined) complain(['serial'], 'either host or serial, not both');
    if (framing !== undefined && line !== undefined) complain(['framing'], 'not set with serial, which is RTU always');
    // 0 speaks to all units at once and is answered by none, 248 to 255 are reserved.
    if ((framing === 'rtu' || line !== undefined) && unitId !== undefined && (unitId < 1 || unitId > 247))
      complain(['unitId'], 'a unit from 1 to 247, as serial lines have');
  });
export type DeviceLink = z.output<typeof deviceLinkSchema>;

/** What the link ends at, for people and for finding two that are the same: no unit in it. */
export function placeOf({ host, port, serial: line }: DeviceLink): string {
  return line ? line.path : `${host}:${port}`;
}
