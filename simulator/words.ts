/**
 * Numbers and text as 16-bit words, big-endian, high word first: what a Huawei register holds. NaN is shown as the
 * marker for "no value" of its type.
 *
 * Written apart from the decoder of bessd on purpose: two independent codecs prove each other.
 */

export function u16(value: number): number[] {
  return [Number.isNaN(value) ? 0xffff : clamp(value, 0, 0xffff)];
}

export function i16(value: number): number[] {
  return [Number.isNaN(value) ? 0x7fff : clamp(value, -0x8000, 0x7fff) & 0xffff];
}

export function u32(value: number): number[] {
  const whole = Number.isNaN(value) ? 0xffff_ffff : clamp(value, 0, 0xffff_ffff);
  return [Math.floor(whole / 0x1_0000), whole % 0x1_0000];
}

export function i32(value: number): number[] {
  const whole = Number.isNaN(value) ? 0x7fff_ffff : clamp(value, -0x8000_0000, 0x7fff_ffff);
  return u32(whole < 0 ? whole + 0x1_0000_0000 : whole);
}

/** Two characters a word, zero-padded. */
export function text(value: string, words: number): number[] {
  const bytes = Buffer.alloc(words * 2);
  bytes.write(value, 'latin1');
  return Array.from({ length: words }, (_, at) => bytes.readUInt16BE(at * 2));
}

export function fromU32(words: readonly number[]): number {
  return (words[0] ?? 0) * 0x1_0000 + (words[1] ?? 0);
}

function clamp(value: number, lowest: number, highest: number): number {
  return Math.min(highest, Math.max(lowest, Math.round(value)));
}
