/** The layering: a violation planted in each folder is caught, and what the table allows is not. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findBreaches } from '../../scripts/layers.ts';
import { ROOT, withFiles } from './support.ts';

test('the checkout keeps its layers', () => {
  assert.equal(findBreaches(ROOT), []);
});

const FORBIDDEN: readonly (readonly [file: string, source: string])[] = [
  ['contracts/x.ts', `import { a } from '../machines/a.ts';`],
  ['contracts/x.ts', `import type { a } from 'xstate';`],
  ['contracts/x.ts', `import { readFileSync } from 'node:fs';`],
  ['machines/x.ts', `import { readFileSync } from 'node:fs';`],
  ['machines/x.ts', `import { a } from '../supervisor/a.ts';`],
  ['machines/x.ts', `import { setTimeout } from 'node:timers/promises';`],
  ['machines/x.ts', `import { z } from 'zod';`],
  ['supervisor/x.ts', `import { a } from '../machines/a.ts';`],
  ['supervisor/x.ts', `import pino from 'pino';`],
  ['io/x.ts', `import { a } from '../actors/a.ts';`],
  ['io/x.ts', `import { a } from '../machines/a.ts';`],
  ['io/x.ts', `import { connect } from '@nats-io/transport-node';\nimport fastify from 'fastify';`],
  ['actors/x.ts', `import { openDevice } from '../io/modbus-tcp.ts';`],
  ['actors/x.ts', `import { type DevicePort, openDevice } from '../io/modbus-tcp.ts';`],
  ['actors/x.ts', `import { readFileSync } from 'node:fs';`],
  ['prover/x.ts', `import { a } from '../actors/a.ts';`],
  ['machines/x.ts', `import { a } from '../prover/a.ts';`],
  ['analyst/x.ts', `import { a } from '../actors/a.ts';`],
  ['simulator/x.ts', `import { a } from '../machines/a.ts';`],
  ['headend/x.ts', `import {\n  a,\n  b,\n} from '../actors/a.ts';`],
  ['console/x.ts', `import { a } from '../contracts/a.ts';`],
  ['profiles/x.ts', `import 'xstate';`],
  ['io/x.ts', `import { site } from '../site.ts';`],
  ['actors/x.ts', `export { a } from '../entry/a.ts';`],
  ['supervisor/x.ts', `const a = await import('../entry/record.ts');`],
  ['io/x.ts', `const url = new URL('../entry/record.ts', import.meta.url);`],
  ['somewhere/x.ts', `export const a = 1;`],
];

for (const [file, source] of FORBIDDEN) {
  test(`in ${file.split('/')[0]} this is caught: ${source.replaceAll(/\s+/g, ' ')}`, () => {
    const breaches = withFiles({ [file]: source }, findBreaches);
    assert.is(breaches.length, 1, JSON.stringify(breaches));
    assert.is(breaches[0]?.file, file);
  });
}

const ALLOWED: readonly (readonly [file: string, source: string])[] = [
  ['contracts/x.ts', `import { z } from 'zod';\nimport { a } from './units.ts';`],
  ['machines/x.ts', `import { setup } from 'xstate';\nimport { a } from '../contracts/a.ts';`],
  ['supervisor/x.ts', `import { Worker } from 'node:worker_threads';\nimport { setup } from 'xstate';`],
  ['io/x.ts', `import fastify from 'fastify';\nimport swagger from '@fastify/swagger';\nimport { z } from 'zod';`],
  ['actors/x.ts', `import type { Bus } from '../io/bus.ts';\nimport { a } from '../machines/a.ts';`],
  ['headend/x.ts', `import { a } from '../supervisor/a.ts';`],
  ['site.ts', `import { a } from './actors/a.ts';\nimport { b } from './io/b.ts';`],
  ['entry/x.ts', `import { a } from '../site.ts';`],
];

for (const [file, source] of ALLOWED) {
  test(`in ${file} this is allowed: ${source.replaceAll(/\s+/g, ' ')}`, () => {
    assert.equal(withFiles({ [file]: source }, findBreaches), []);
  });
}

test.run();
