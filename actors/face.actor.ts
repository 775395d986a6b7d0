/**
 * Face actor: one server that people and programs talk to (HTTP, the Unix socket).
 *
 * Owns     the listening server.
 * Accepts  nothing; its requests come from outside.
 * Emits    `LISTENING` with its address, once.
 * Ends     with a fault when it cannot listen; its supervisor tries again, ever more slowly.
 */
import type { ThreadSignal } from '../contracts/links.ts';
import { fromProcess } from '../supervisor/process.ts';

export type FaceInput = {
  readonly what: Extract<ThreadSignal, { type: 'LISTENING' }>['what'];
  readonly listen: () => Promise<{ readonly address: string; readonly close: () => Promise<void> }>;
  readonly announce: (signal: Extract<ThreadSignal, { type: 'LISTENING' }>) => void;
};

export const faceActor = fromProcess<never, FaceInput>(async ({ input, signal }) => {
  const { what, listen, announce } = input;
  const server = await listen();
  if (!signal.aborted) {
    announce({ type: 'LISTENING', what, address: server.address });
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }
  await server.close();
});
