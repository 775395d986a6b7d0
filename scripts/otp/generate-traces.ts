/**
 * Writes test/supervisor/otp-traces.gz: what Erlang/OTP did with some thousand random supervision trees.
 *
 * `node scripts/otp/generate-traces.ts`; needs `erl` and `erlc` (Debian: erlang-base). The file is gzipped text: a header
 * as JSON, then one line a tree. The trees are not in it, they follow from the seed; their digest is.
 */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { askErlang, termOf } from './erlang.ts';
import { randomCases } from './trees.ts';

const SEED = 1;
const TREES = 6000;

const cases = randomCases(SEED, TREES);
const { version, traces } = askErlang(cases);
const digest = createHash('sha256').update(cases.map(termOf).join('\n')).digest('hex');
const header = { version, seed: SEED, trees: TREES, digest };
const packed = gzipSync(`${[JSON.stringify(header), ...traces].join('\n')}\n`, { level: 9 });
writeFileSync(path.join(import.meta.dirname, '../../test/supervisor/otp-traces.gz'), packed);
console.log(`${TREES} trees on ${version}, ${packed.length} bytes`);
