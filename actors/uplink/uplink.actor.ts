/**
 * Uplink actor: copies the record to one target, from where its cursor stands.
 *
 * Owns     the uplink machine with its session, the cursor.
 * Accepts  nothing: the record is its mailbox.
 * Emits    its state with the depth of its outbox, at every change and every few seconds.
 * Ends     on shutdown; the target being away is a state.
 */
import type { EventObject, SnapshotFrom } from 'xstate';
import type { UplinkReport } from '../../contracts/reports.ts';
import { uplinkMachine } from '../../machines/uplink/uplink.machine.ts';
import { fromProcess } from '../../supervisor/process.ts';
import { loadCursor } from './cursor-file.ts';
import { session } from './session.ts';
import type { Courier, UplinkInput } from './session.ts';

const REPORT_EVERY_MS = 5000;

export const uplinkActor = fromProcess<EventObject, UplinkInput>(async ({ input, signal, clock, spawn }) => {
  const courier: Courier = {
    ...input,
    cursor: await loadCursor(input.cursorFile, input.id, input.log),
    outbox: 0,
    tell: undefined,
  };
  const machine = spawn(uplinkMachine.provide({ actors: { session: session as never } }), {
    id: 'uplink-machine',
    input: { jitter: input.jitter, session: courier },
  });
  courier.tell = (event) => machine.send(event);
  let state: UplinkReport['state'] = 'connecting';
  machine.subscribe({
    next: (snapshot: SnapshotFrom<typeof uplinkMachine>) => {
      const next = stateOf(snapshot);
      if (next === state) return;
      if (next === 'offline') input.log('uplink_offline', { uplink: input.id, why: snapshot.context.reason });
      if (state !== 'online' && next === 'online') input.log('uplink_caught_up', { uplink: input.id });
      state = next;
      report();
    },
    error: () => undefined,
  });
  const every = (): void => {
    report();
    clock.setTimeout(every, REPORT_EVERY_MS);
  };
  every();
  await new Promise<void>((resolve) =>
    signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve()),
  );
  await courier.saving;

  function report(): void {
    input.report({ uplink: input.id, state, outbox: courier.outbox });
  }
});

function stateOf(snapshot: SnapshotFrom<typeof uplinkMachine>): UplinkReport['state'] {
  if (snapshot.matches('offline')) return 'offline';
  if (snapshot.matches({ linked: 'connecting' })) return 'connecting';
  return snapshot.matches({ linked: 'online' }) ? 'online' : 'draining';
}
