/** Chance that is the same every time: what failed with a seed fails with it again. */

export type Random = {
  /** A whole number from 0 to below `end`. */
  readonly below: (end: number) => number;
  readonly chance: (share: number) => boolean;
  readonly pick: <T>(items: readonly T[]) => T;
  readonly bytes: (length: number) => Buffer;
};

/** Mulberry32. */
export function seeded(seed: number): Random {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (end: number): number => Math.floor(next() * end);
  return {
    below,
    chance: (share) => next() < share,
    pick(items) {
      const item = items[below(items.length)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  };
}

/** `frame` with one to three things done to it that lines, gateways and broken devices do to frames. */
export function mutated(random: Random, frame: Buffer): Buffer {
  let bytes = Buffer.from(frame);
  for (let left = 1 + random.below(3); left > 0; left -= 1) bytes = Buffer.from(once(random, bytes));
  return bytes;
}

function once(random: Random, bytes: Buffer): Buffer {
  if (bytes.length === 0) return random.bytes(1 + random.below(20));
  const at = random.below(bytes.length);
  switch (random.below(8)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 1:
      bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
      return bytes;
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(4)), bytes.subarray(at)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
    case 5:
      return Buffer.concat([bytes, bytes]);
    case 6: {
      // The header's own fields: where a wrong value does most.
      const field = random.pick([0, 2, 4]);
      if (bytes.length >= field + 2)
        bytes.writeUInt16BE(random.pick([0, 1, 2, 3, 255, 256, 0xffff, random.below(65_536)]), field);
      return bytes;
    }
    default:
      return random.bytes(1 + random.below(40));
  }
}
