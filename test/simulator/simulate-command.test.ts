/** `bessd simulate` as a process: what it prints, how it ends, and what it says about wrong options. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('bessd simulate');
const folder = mkdtempSync(path.join(tmpdir(), 'bessd-simulate-'));
const root = path.join(import.meta.dirname, '../..');
const PROGRAM = `
  import { simulateCommand } from './scripts/cli/simulate.ts';
  await simulateCommand().parseAsync(process.argv.slice(1), { from: 'user' });
`;

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`prints one JSON line per asset and ends in order on ${signal}`, async () => {
    const control = path.join(folder, `${signal}.sock`);
    const { code, lines } = await run(['--port', '0', '--assets', '2', '--json', '--control', control], signal, 2);
    const assets = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(
      assets.map(({ asset, host, profile, serial }) => [asset, host, profile, serial]),
      [
        [0, '127.0.0.1', 'huawei-sun2000-luna2000', 'HV2140012345'],
        [1, '127.0.0.1', 'huawei-sun2000-luna2000', 'HV2140012346'],
      ],
    );
    assert.is(assets[0]?.['control'], control);
    assert.is(code, 0);
    assert.is(existsSync(control), false);
  });
}

test('meter and BMS are announced behind the assets', async () => {
  const { lines } = await run(['--port', '0', '--meter', '0', '--bms', '0', '--json'], 'SIGTERM', 3);
  assert.equal(
    lines.map((line) => JSON.parse(line) as Record<string, unknown>).map(({ device, asset }) => [device, asset]),
    [
      ['inverter', 0],
      ['bms', 0],
      ['meter', undefined],
    ],
  );
});

for (const [options, expected] of [
  [['--profile', 'acme'], /--profile: got "acme", expected: one of huawei-sun2000-luna2000/],
  [['--port', '70000'], /port: got "70000", expected: a whole number from 0 to 65535/],
  [['--soc', 'full'], /soc: got "full", expected: a number from 0 to 100/],
  [['--plant', '{"packs":9}'], /plant\.packs: got .*, expected: /],
  [['--plant', 'packs'], /plant: got "packs", expected: a JSON object/],
  [['--meter', 'x'], /meter: got "x", expected: a whole number/],
  [['--faults', '/nowhere.json'], /\/nowhere\.json cannot be read/],
] as const) {
  test(`${options.join(' ')} is refused with exit code 2`, async () => {
    const { code, errors } = await run(options, 'SIGTERM', Infinity);
    assert.is(code, 2);
    assert.match(errors, expected);
  });
}

test.after(() => rmSync(folder, { recursive: true, force: true }));
test.run();

type Run = { readonly code: number | null; readonly lines: readonly string[]; readonly errors: string };

/** Signals the process as soon as it has printed so many lines, and waits for its end. */
function run(options: readonly string[], signal: NodeJS.Signals, linesBeforeSignal: number): Promise<Run> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, '--', ...options], { cwd: root });
  let printed = '';
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString();
    if (printed.split('\n').length > linesBeforeSignal) child.kill(signal);
  });
  return new Promise((resolve) => {
    child.once('close', (code) => resolve({ code, lines: printed.trim().split('\n'), errors }));
  });
}
