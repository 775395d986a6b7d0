/** Runs one measurement of one benchmark file in this process: `run-one.ts FILE NAME SIZE`; the last line is JSON. */
import { pathToFileURL } from 'node:url';
import type { Measurement, Size } from './measure.ts';

const [file = '', name, size] = process.argv.slice(2);
const { measurements } = (await import(pathToFileURL(file).href)) as { measurements: readonly Measurement[] };
const chosen = measurements.find((one) => one.name === name);
if (!chosen) throw new Error(`${file} measures no ${name}`);
console.log(JSON.stringify(await chosen.run(size as Size)));
// A measurement may leave timers behind; what it found is complete.
process.exit(0);
