/**
 * `npm start`: a whole site as real processes on this machine, to look at and to break.
 *
 *   demo ─┬─ plant    `bessd simulate`: two batteries behind Modbus TCP        started first, ended last
 *         └─ runtime  `bessd run`, with its own broker; restarted when it dies, as systemd would
 *
 * Exit codes: 0 ended in order, 1 something could not be started or kept running, 2 usage or invalid configuration,
 * 130 forced.
 */
import { parseArgs } from 'node:util';
import { Fault } from '../contracts/faults.ts';
import { USUAL_SITE } from './demo/place.ts';
import { runDemo } from './demo/run.ts';

const HELP = `npm start: a demo site on this machine

  Two simulated Huawei batteries behind Modbus TCP, the bessd runtime, and a NATS broker where one is found.
  On a terminal it shows a live view, elsewhere a line an event. Ctrl-C ends everything in order; a second one forces.
  What is told to one of them in another terminal (npx bessd status, dispatch, estop, …) shows here.

Environment, all optional:
  SITE_ID      id of the site (${USUAL_SITE}; the next one when that one runs already)
  DATA_DIR     folder of the demo (./data/demo): site.yaml, operators.json, latch, record, logs
  HEALTH_PORT  first HTTP port to try (8000)
  NATS_URL     a broker to use instead of an own one`;

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof Fault)) throw error;
  console.error(`bessd demo: ${error.message}`);
  return error.code === 'CONFIG_INVALID' ? 2 : 1;
});

async function main(): Promise<number> {
  try {
    const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
    if (!values.help) return await runDemo();
    console.log(HELP);
    return 0;
  } catch (error) {
    if (!String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS')) throw error;
    console.error(`${(error as Error).message}\n\n${HELP}`);
    return 2;
  }
}
