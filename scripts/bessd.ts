/** The program `bessd`. What runs a site does so under the settings of Node and V8 that control wants; see node-flags.ts. */
import { restartWithFlags } from '../entry/node-flags.ts';

if (process.argv[2] === 'run') restartWithFlags();
// Not loaded twice where the program starts again.
await import('./cli/program.ts');
