/**
 * The bytes of a reply as a fault leaves them: what is sent, in which pieces, and whether the connection ends.
 *
 * Frames are those of Modbus TCP: transaction (2 bytes), protocol (2), length (2), unit (1), function (1), data.
 */
import type { ReplyFault } from './fault-kinds.ts';

export type Step =
  | { readonly do: 'send'; readonly bytes: Buffer }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'end'; readonly by: 'rst' | 'fin' };

/** Long enough that bytes sent before are read before the end is seen, on one machine. */
const BEFORE_END_MS = 20;

/** `late`: what was held back before; a late reply takes this one's place there. */
export function stepsOf(frame: Buffer, fault: ReplyFault | undefined, late: Late): readonly Step[] {
  if (fault?.kind === 'late') {
    late.push({ frame, as: fault.as });
    return [];
  }
  const held = late.splice(0);
  const replacement = held.find(({ as }) => as === 'fresh');
  const shown = replacement ? underIdOf(frame, replacement.frame) : frame;
  const ahead = held.filter((one) => one.as === 'itself').map(({ frame: bytes }): Step => ({ do: 'send', bytes }));
  return [...ahead, ...deformed(shown, fault)];
}

/** Replies that were held back. */
export type Late = { readonly frame: Buffer; readonly as: 'itself' | 'fresh' }[];

function deformed(frame: Buffer, fault: Exclude<ReplyFault, { kind: 'late' }> | undefined): readonly Step[] {
  switch (fault?.kind) {
    case undefined:
      return [{ do: 'send', bytes: frame }];
    case 'wrong':
      return [{ do: 'send', bytes: withWrong(fault.field, frame) }];
    case 'half':
      return [{ do: 'send', bytes: firstHalf(frame) }];
    case 'twice':
      return [{ do: 'send', bytes: Buffer.concat([frame, frame]) }];
    case 'extra':
      return [{ do: 'send', bytes: Buffer.concat([frame, Buffer.alloc(fault.bytes, 0x5a)]) }];
    case 'segments':
      return pieces(frame, fault.bytes).flatMap((bytes): Step[] => [
        { do: 'send', bytes },
        { do: 'wait', ms: fault.everyMs },
      ]);
    case 'cut':
      return cut(frame, fault);
  }
}

function cut(frame: Buffer, { when, by }: Extract<ReplyFault, { kind: 'cut' }>): readonly Step[] {
  if (when === 'before') return [{ do: 'end', by }];
  const bytes = when === 'during' ? firstHalf(frame) : frame;
  return [
    { do: 'send', bytes },
    { do: 'wait', ms: BEFORE_END_MS },
    { do: 'end', by },
  ];
}

function withWrong(field: Extract<ReplyFault, { kind: 'wrong' }>['field'], frame: Buffer): Buffer {
  const bytes = Buffer.from(frame);
  const plus = (at: number, by: number): void => {
    bytes.writeUInt16BE((bytes.readUInt16BE(at) + by) & 0xffff, at);
  };
  switch (field) {
    case 'transaction':
      plus(0, 1);
      break;
    case 'protocol':
      plus(2, 1);
      break;
    case 'length':
      plus(4, -1);
      break;
    case 'unit':
      bytes.writeUInt8((bytes.readUInt8(6) + 1) & 0xff, 6);
      break;
    case 'function':
      bytes.writeUInt8(bytes.readUInt8(7) ^ 1, 7);
      break;
    case 'byteCount':
      // Writes are acknowledged without one: there the number of registers, or the value, is wrong.
      if (bytes.readUInt8(7) === 3) bytes.writeUInt8((bytes.readUInt8(8) - 2) & 0xff, 8);
      else if (bytes.length >= 12) plus(10, 1);
      break;
  }
  return bytes;
}

function underIdOf(fresh: Buffer, old: Buffer): Buffer {
  const bytes = Buffer.from(old);
  fresh.copy(bytes, 0, 0, 2);
  return bytes;
}

function firstHalf(frame: Buffer): Buffer {
  return frame.subarray(0, Math.floor(frame.length / 2));
}

function pieces(frame: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(frame.length / size) }, (_, at) => frame.subarray(at * size, (at + 1) * size));
}
