/**
 * `npm run campaign -- NAME [--rounds N] [--seed S]`: fault campaigns, each with a seed that replays it.
 *
 * `disk` makes the disk of a running site full, read-only, failing or slow, and looks at its control and its record (root).
 *
 * `kill` kills the recorder, the receiver and the broker, and counts what reached the other side.
 *
 * `estop` presses the E-stop on real processes while something else is wrong, against its budget.
 *
 * `outage` drains a long outage of the fleet's broker, and looks at live data and control meanwhile.
 *
 * `fuzz` sends random and mutated Modbus frames at our client, at a whole driver, and at the simulated device; with
 * `--frames FILE` also every frame of a collection (`to_client`, `to_server`: hex text or objects with `hex`). Exit 1 at
 * the first frame that does harm.
 */
import { Command } from 'commander';
import { killCampaign } from '../test/campaign/kill.ts';
import { fuzzClient, meetFrame } from '../test/fuzz/client.ts';
import { bytesOf, readCorpus } from '../test/fuzz/corpus.ts';
import { fuzzServer, sendFrames } from '../test/fuzz/server.ts';
import { fuzzSession } from '../test/fuzz/session.ts';
import { diskCommand } from './campaign/disk.ts';
import { endOnSignals } from './campaign/ending.ts';
import { estopCommand } from './campaign/estop.ts';
import { wholeNumber } from './campaign/numbers.ts';
import { outageCommand } from './campaign/outage.ts';

type FuzzOptions = { readonly rounds: number; readonly seed: number; readonly frames: readonly string[] };

/** A spoilt answer costs the driver a connection, so it meets fewer. */
const ROUNDS_PER_SPOILT_ANSWER = 500;

const ending = endOnSignals();
const program = new Command('npm run campaign --');
program
  .command('fuzz')
  .description('Modbus frames that are wrong: nothing may crash, hang, be believed or be written')
  .option('--rounds <n>', 'frames in all', wholeNumber, 1_000_000)
  .option('--seed <n>', 'what chance begins with', wholeNumber, 1)
  .option('--frames <file...>', 'collections of frames', [])
  .action(fuzz);
program
  .command('kill')
  .description('kill -9 of recorder, receiver and broker: nothing acknowledged may be lost, nothing may count twice')
  .option('--rounds <n>', 'kills in all', wholeNumber, 1000)
  .option('--seed <n>', 'what chance begins with', wholeNumber, 1)
  .action(kill);
program.addCommand(diskCommand());
program.addCommand(estopCommand(ending));
program.addCommand(outageCommand());
await program.parseAsync();

async function fuzz({ rounds, seed, frames }: FuzzOptions): Promise<void> {
  for (const file of frames) {
    const { toClient, toServer } = readCorpus(file);
    for (const { hex } of toClient) await meetFrame(bytesOf(hex));
    report(`${file}: ${toClient.length} frames to the client`, {});
    report(`${file}: to the device`, await sendFrames(toServer.map(({ hex }) => bytesOf(hex))));
  }
  const half = Math.ceil(rounds / 2);
  report(`seed ${seed}: ${half} frames to the client`, await fuzzClient(seed, half));
  report(`seed ${seed}: to the device`, await fuzzServer(seed, rounds - half));
  report(`seed ${seed}: to a driver`, await fuzzSession(seed, Math.ceil(rounds / ROUNDS_PER_SPOILT_ANSWER)));
}

async function kill({ rounds, seed }: Pick<FuzzOptions, 'rounds' | 'seed'>): Promise<void> {
  const { kills, ...counts } = await killCampaign(rounds, seed, (line) => console.log(line));
  report(`seed ${seed}: kills`, kills);
  report('frames', counts);
  if (counts.lost + counts.gaps + counts.duplicates > 0) process.exitCode = 1;
}

function report(what: string, counts: Readonly<Record<string, number>>): void {
  const numbers = Object.entries(counts).map(([name, count]) => `${name} ${count.toLocaleString('en')}`);
  console.log([what, ...numbers].join(', '));
}
