/** RTU units of the test on one line, by an own reading of the standard; how each answers is up to the test. */

export type Unit = {
  /** Words from `register` on. */
  readonly words: (register: number, count: number) => readonly number[];
  /** Changes the answer before it goes out; undefined: none at all. */
  spoil?: (answer: Buffer, request: Buffer) => Buffer | undefined;
  /** Before the answer, ms. */
  delayMs?: number;
  /** Does not know function 8, as many devices do not. */
  readonly noEcho?: boolean;
};

export type Slave = {
  readonly units: Map<number, Unit>;
  /** Requests in the order in which they came, whole and with a right CRC. */
  readonly heard: Buffer[];
  readonly take: (bytes: Buffer) => void;
};

type Later = (run: () => void, ms: number) => unknown;

export function rtuSlave(units: Readonly<Record<number, Unit>>, say: (bytes: Buffer) => void, later: Later): Slave {
  let received: Buffer = Buffer.alloc(0);
  const answers = new Map<number, { answer: Buffer; delayMs: number }[]>();
  const slave: Slave = {
    units: new Map(Object.entries(units).map(([id, unit]) => [Number(id), unit])),
    heard: [],
    take,
  };
  return slave;

  function take(bytes: Buffer): void {
    received = Buffer.concat([received, bytes]);
    const length = received[1] === 16 ? 9 + (received[6] ?? 255) : 8;
    if (received.length < length) return;
    const request = received.subarray(0, length);
    received = received.subarray(length);
    if (crc(request.subarray(0, -2)) !== request.readUInt16LE(length - 2)) return;
    slave.heard.push(request);
    const unit = slave.units.get(request[0] ?? 0);
    if (!unit) return;
    const answer = sealed(answerOf(unit, request));
    const spoilt = unit.spoil ? unit.spoil(answer, request) : answer;
    if (!spoilt) return;
    speak(request[0] ?? 0, spoilt, unit.delayMs ?? 0);
  }

  /** A unit answers one request after the other, however late. */
  function speak(id: number, answer: Buffer, delayMs: number): void {
    const waiting = answers.get(id);
    if (waiting) return void waiting.push({ answer, delayMs });
    const queue: { answer: Buffer; delayMs: number }[] = [];
    answers.set(id, queue);
    later(() => {
      say(answer);
      answers.delete(id);
      for (const next of queue) speak(id, next.answer, next.delayMs);
    }, delayMs);
  }
}

function answerOf(unit: Unit, request: Buffer): readonly number[] {
  const [id = 0, functionCode = 0] = request;
  const register = request.readUInt16BE(2);
  if (functionCode === 3) {
    const words = unit.words(register, request.readUInt16BE(4));
    return [id, 3, words.length * 2, ...words.flatMap((word) => [word >> 8, word & 255])];
  }
  if (functionCode === 6 || functionCode === 16) return [...request.subarray(0, 6)];
  if (functionCode === 8 && !unit.noEcho) return [...request.subarray(0, 6)];
  return [id, functionCode | 0x80, 1];
}

export function sealed(bytes: readonly number[]): Buffer {
  const check = crc(Buffer.from(bytes));
  return Buffer.from([...bytes, check & 255, check >> 8]);
}

/** Bit by bit, as the standard has it. */
function crc(bytes: Buffer): number {
  let value = 0xffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >> 1) ^ 0xa001 : value >> 1;
  }
  return value;
}
