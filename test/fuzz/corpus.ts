/**
 * Collections of frames: hex text, plain or in an object, under `to_client` and `to_server`. Ours says besides what must
 * happen; those of others need not, and are then held to what every frame is held to.
 */
import { readFileSync } from 'node:fs';

export type Frame = { readonly name: string; readonly hex: string; readonly must: string | undefined };
export type Corpus = { readonly toClient: readonly Frame[]; readonly toServer: readonly Frame[] };

export function readCorpus(file: string): Corpus {
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
  const lists = (typeof content === 'object' && content !== null ? content : {}) as Record<string, unknown>;
  const corpus = {
    toClient: framesIn(lists['to_client'] ?? lists['toClient']),
    toServer: framesIn(lists['to_server'] ?? lists['toServer']),
  };
  if (corpus.toClient.length + corpus.toServer.length === 0)
    throw new Error(`${file} has no frames under to_client or to_server`);
  return corpus;
}

function framesIn(list: unknown): readonly Frame[] {
  if (list === undefined) return [];
  const items = Array.isArray(list) ? list : Object.values(list as object);
  return items.map((item: unknown, at) => {
    const fields = (typeof item === 'object' && item !== null ? item : { hex: item }) as Record<string, unknown>;
    const bytes = fields['hex'] ?? fields['bytes'] ?? fields['frame'] ?? fields['reply'] ?? fields['request'];
    const hex = Array.isArray(bytes) ? Buffer.from(bytes as number[]).toString('hex') : bytes;
    if (typeof hex !== 'string') throw new Error(`frame ${at} has neither hex nor bytes: ${JSON.stringify(item)}`);
    const must = fields['must'];
    const name = fields['name'];
    return {
      name: typeof name === 'string' ? name : `frame ${at}`,
      hex,
      must: typeof must === 'string' ? must : undefined,
    };
  });
}

/** White space, `0x`, colons and dashes are passed over; what else is no hex digit is an error. */
export function bytesOf(hex: string, transaction = 0): Buffer {
  const text = hex
    .replaceAll('TTTT', word(transaction))
    .replaceAll('UUUU', word(transaction - 1))
    .replaceAll(/0x|[\s,:_-]/g, '');
  if (!/^([0-9a-f]{2})*$/i.test(text)) throw new Error(`no whole bytes in hex: ${hex}`);
  return Buffer.from(text, 'hex');
}

function word(value: number): string {
  return (value & 0xffff).toString(16).padStart(4, '0');
}
