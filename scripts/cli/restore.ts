/** `bessd restore`: a backup into the place of the data folder of a site that does not run. */
import { Command } from 'commander';
import { Fault } from '../../contracts/faults.ts';
import { restoreBackup } from '../../io/backup.ts';
import { writersOf } from '../../io/file-users.ts';
import { recordFolder } from '../../io/record-file.ts';
import { json } from './output.ts';

type RestoreOptions = { readonly dataDir: string; readonly json?: boolean };

export function restoreCommand(): Command {
  return new Command('restore')
    .description('put a backup in the place of the data folder; the site must be stopped, what was there is kept')
    .argument('<folder>', 'a backup made by bessd backup')
    .option('--data-dir <folder>', 'the data folder', process.env['DATA_DIR'] ?? './data')
    .option('--json', 'print what was done as JSON')
    .action(async (folder: string, { dataDir, json: asJson }: RestoreOptions) => {
      const users = writersOf(recordFolder(dataDir));
      if (users.length > 0)
        throw new Fault('FILE_UNREADABLE', `${dataDir} is in use by process ${users.join(', ')}: stop the site first`);
      const { files, before } = await restoreBackup(folder, dataDir, Date.now());
      if (asJson) return console.log(json({ ok: true, data: { files, before: before ?? null } }));
      console.log(`${dataDir}: ${files} files restored${before === undefined ? '' : `; what was there is ${before}`}`);
    });
}
