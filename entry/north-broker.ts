/**
 * Which broker this site uses: `NATS_URL` or the site file, else a nats-server found here and run as our child, else
 * none, said loudly.
 */
import type { BrokerChoice } from '../actors/broker.actor.ts';
import type { NorthStart } from '../contracts/links.ts';
import type { Log } from '../contracts/log-events.ts';
import { OLDEST_SOUND_VERSION, compareVersions, findBrokers, installCommand } from '../io/broker-find.ts';
import { USUAL_PORT, startBroker } from '../io/broker.ts';
import { withoutCredentials } from '../io/bus-nats.ts';
import type { Notices } from './north-notices.ts';

export type BrokerChooser = () => Promise<BrokerChoice>;

export function brokerChooser({ config, dataDir }: NorthStart, notices: Notices, log: Log): BrokerChooser {
  // A restarted broker comes back where its clients look for it.
  let port = USUAL_PORT;
  return async () => {
    const url = process.env['NATS_URL'] || config.nats?.url;
    if (url) {
      log('broker_chosen', { url: withoutCredentials(url) });
      return { kind: 'external', url };
    }
    const [binary] = await findBrokers();
    if (!binary) {
      notices.raise(
        'broker-missing',
        'P3',
        `no nats-server found, so there is no bus: commands and telemetry over NATS, the fleet's view and live tools are lost; ` +
          `HTTP and the Unix socket work. Install one and start again: ${installCommand()}`,
      );
      return { kind: 'in_process' };
    }
    return {
      kind: 'child',
      start: async (signal) => {
        const broker = await startBroker({ siteId: config.site.id, dataDir, binary, preferredPort: port, log, signal });
        port = broker.port;
        return broker;
      },
    };
  };
}

/** Raises or clears the alarm about a version with known holes. */
export function judgeVersion(version: string | null, notices: Notices): void {
  if (version === null) return;
  if (compareVersions(version, OLDEST_SOUND_VERSION) >= 0) return notices.clear('broker-old');
  notices.raise(
    'broker-old',
    'P4',
    `nats-server ${version} has known security holes (CVE-2023-47090, CVE-2025-30215); ${OLDEST_SOUND_VERSION} or newer is needed`,
  );
}
