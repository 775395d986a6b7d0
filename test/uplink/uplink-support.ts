/** A record with reports in it, an uplink over it, and what a receiver saw. */
import type { UplinkReport } from '../../contracts/reports.ts';
import type { OpenTarget } from '../../contracts/uplink.ts';
import { openOutbox } from '../../io/record-outbox.ts';
import { openSyncedFiles } from '../../io/synced-file.ts';
import { uplinkActor } from '../../actors/uplink/uplink.actor.ts';
import { systemClock } from '../../supervisor/clock.ts';
import { startSystem } from '../../supervisor/system.ts';

export type RunningUplink = AsyncDisposable & {
  readonly reports: UplinkReport[];
  readonly until: (holds: () => boolean, what: string) => Promise<void>;
};

export function startUplink(dataDir: string, openTarget: OpenTarget, batch = 50): RunningUplink {
  const reports: UplinkReport[] = [];
  const system = startSystem(
    {
      id: 'test',
      strategy: 'one_for_one',
      intensity: 0,
      children: [
        {
          id: 'uplink',
          start: () => uplinkActor,
          input: () => ({
            id: 'up',
            openTarget,
            openOutbox: () => openOutbox({ dataDir, siteId: 'SITE-1', unitOf, wallMs: systemClock.wall }),
            cursorFile: openSyncedFiles(dataDir)('uplink-up.json'),
            maxPerSecond: 100_000,
            batch,
            jitter: () => 0,
            report: (report: UplinkReport) => reports.push(report),
            log: () => undefined,
          }),
        },
      ],
    },
    { clock: systemClock },
  );
  return {
    reports,
    until: (holds, what) => until(holds, what),
    [Symbol.asyncDispose]: async () => {
      await system.stop();
    },
  };
}

export async function until(holds: () => boolean | Promise<boolean>, what: string, withinMs = 30_000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function unitOf(_asset: string, point: string): string {
  return point === 'soh' ? '%' : '';
}
