/**
 * Keeps one child of the demo running, as systemd keeps a service: when it dies it is started again after a pause; when
 * it dies too often, or its configuration is invalid, the demo gives up.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '../../contracts/faults.ts';
import { howItEnded, lastWords } from './child.ts';
import type { ChildEnd, DemoChild } from './child.ts';

export type KeepOptions = {
  readonly name: string;
  readonly start: () => DemoChild;
  readonly logFile: string;
  readonly pauseMs: number;
  readonly tell: (line: string) => void;
  /** Called after every start. */
  readonly onStart: (child: DemoChild) => void;
};

export type Kept = {
  readonly pid: () => number | undefined;
  /** Rejects with a fault when the child cannot be kept running. */
  readonly lost: Promise<never>;
  /** Ends the child in order and does not start it again. */
  readonly stop: () => Promise<ChildEnd>;
  readonly kill: () => void;
};

const MOST_DEATHS = 5;
const WITHIN_MS = 60_000;
const INVALID_CONFIGURATION = 2;
/** After its own deadline for an orderly stop. */
const KILL_AFTER_MS = 30_000;

export function keep(options: KeepOptions): Kept {
  const { name, start, logFile, pauseMs, tell, onStart } = options;
  const stopping = new AbortController();
  let child = start();
  onStart(child);
  let deaths: number[] = [];
  const { promise: lost, reject } = Promise.withResolvers<never>();
  // Who does not wait for it is not to be ended by it.
  lost.catch(() => undefined);
  const watching = watch().catch(reject);

  return {
    pid: () => child.pid,
    lost,
    async stop() {
      stopping.abort();
      child.stop();
      const killer = setTimeout(child.kill, KILL_AFTER_MS);
      await watching;
      clearTimeout(killer);
      return await child.ended;
    },
    kill: () => child.kill(),
  };

  async function watch(): Promise<void> {
    for (;;) {
      const end = await child.ended;
      if (stopping.signal.aborted) return;
      const how = `${name} ${howItEnded(end)}`;
      if (end.code === INVALID_CONFIGURATION) throw new Fault('CONFIG_INVALID', `${how}:\n${lastWords(logFile)}`);
      deaths = [...deaths.filter((atMs) => atMs > performance.now() - WITHIN_MS), performance.now()];
      if (deaths.length > MOST_DEATHS)
        throw new Fault('RESTART_INTENSITY', `${how}, too often:\n${lastWords(logFile)}`);
      tell(`${how}; it is started again in ${pauseMs / 1000} s`);
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      child = start();
      onStart(child);
    }
  }
}
