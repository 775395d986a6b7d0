/** `bessd run`: a site, until it is told to stop. */
import { mkdirSync } from 'node:fs';
import { Command } from 'commander';
import type { ThreadSignal } from '../../contracts/links.ts';
import type { Log } from '../../contracts/log-events.ts';
import { comeFirst } from '../../entry/priority.ts';
import { rehearse } from '../../entry/rehearsal.ts';
import { openLog } from '../../io/log.ts';
import { oldRecord } from '../../io/old-record.ts';
import { loadSite } from '../../io/site-file.ts';
import { defaultSocketPath, stopperSocketPath } from '../../io/socket-path.ts';
import { runSite } from '../../main.ts';
import { onStopSignals } from '../stop-signals.ts';
import { version } from '../version.ts';

/** A hang in an orderly stop must not last; afterwards the process ends itself. */
const STOP_DEADLINE_MS = 25_000;

export function runCommand(): Command {
  return new Command('run')
    .description('run a site: poll, guard, record, answer commands, until SIGINT, SIGTERM or SIGHUP')
    .option(
      '--config <file>',
      'site file (YAML); without it SITE_ID, INVERTER_IP and DRIVER_PROFILE_PATH describe one asset',
    )
    .option('--any-port', 'take the next free HTTP port when the configured one is taken', false)
    .option('--check', 'only check the configuration', false)
    .action(async (options: { config?: string; anyPort: boolean; check: boolean }) => {
      const loaded = loadSite(options.config);
      if (options.check) {
        const { planSite } = await import('../../site-plan.ts');
        planSite(loaded);
        process.stdout.write(
          `${loaded.source} is valid: ${loaded.site.assets.length} assets, limits ${loaded.limits.name} ${loaded.limitsHash}\n`,
        );
        return;
      }
      const log = openLog('main', loaded.site.site.id);
      try {
        mkdirSync(loaded.dataDir, { recursive: true });
      } catch (error) {
        // Control runs without a disk; the record and the latch say so.
        log('data_dir_unwritable', { folder: loaded.dataDir, why: String(error) });
      }
      const old = oldRecord(loaded.dataDir);
      if (old) log('old_record_found', old);
      comeFirst();
      await rehearse(loaded);
      const running = runSite({
        loaded,
        socketPath: defaultSocketPath(loaded.site.site.id),
        stopperPath: stopperSocketPath(loaded.site.site.id),
        version,
        anyPort: options.anyPort,
        onSignal: (signal) => tell(signal, log),
      });
      onStopSignals((times) => {
        if (times > 1) process.kill(process.pid, 'SIGKILL');
        log('stopping', {});
        setTimeout(() => process.kill(process.pid, 'SIGKILL'), STOP_DEADLINE_MS).unref();
        void running.stop();
      });
      const code = await running.ended;
      process.exitCode = code;
      // A thread that hangs in a native call must not keep the process.
      setTimeout(() => process.kill(process.pid, 'SIGKILL'), 3000).unref();
      process.exit(code);
    });
}

function tell(signal: ThreadSignal, log: Log): void {
  if (signal.type === 'LISTENING') process.stdout.write(`listening ${signal.what} ${signal.address}\n`);
  if (signal.type !== 'NOTICE') return;
  const { alarm_id, severity, state, message } = signal;
  log('alarm', { alarm_id, severity, state, message });
}
