/** `bessd backup`: a copy of the data folder while the site runs; `--check` proves one that is there. */
import { Command } from 'commander';
import { makeBackup, proveBackup } from '../../io/backup.ts';
import { json } from './output.ts';

type BackupOptions = { readonly dataDir: string; readonly check: boolean; readonly json?: boolean };

export function backupCommand(): Command {
  return new Command('backup')
    .description('copy the data folder (record, latch, notes of the devices) into a new folder')
    .argument('<folder>', 'where the copy goes; must be new or empty')
    .option('--data-dir <folder>', 'the data folder', process.env['DATA_DIR'] ?? './data')
    .option('--check', 'make nothing: prove the backup that is there', false)
    .option('--json', 'print the list of files as JSON')
    .action(async (folder: string, { dataDir, check, json: asJson }: BackupOptions) => {
      const manifest = check
        ? await proveBackup(folder)
        : await makeBackup(dataDir, folder, Date.now()).then(() => proveBackup(folder));
      if (asJson) return console.log(json({ ok: true, data: manifest }));
      const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
      console.log(`${folder}: ${manifest.files.length} files, ${bytes.toLocaleString('en')} bytes, proven`);
    });
}
