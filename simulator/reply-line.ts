/**
 * Sends the replies of one connection, as the faults of its device leave them, one behind the other.
 */
import type { Socket } from 'node:net';
import type { Clock } from '../contracts/clock.ts';
import type { Faults } from './faults.ts';
import type { Late, Step } from './wire.ts';
import { stepsOf } from './wire.ts';

export type ReplyLine = (frame: Buffer, op: 'read' | 'write') => void;

/** `late` belongs to the device: what was held back on one connection may come on the next. */
export function replyLine(socket: Socket, clock: Clock, device: { faults: () => Faults; late: Late }): ReplyLine {
  let waiting: Step[] = [];
  let busy = false;
  return (frame, op) => {
    const steps = stepsOf(frame, device.faults().judgeReply(op), device.late);
    waiting.push(...steps);
    if (!busy) proceed();
  };

  function proceed(): void {
    busy = false;
    for (let step = waiting.shift(); step && !socket.destroyed; step = waiting.shift()) {
      if (step.do === 'send') socket.write(step.bytes);
      else if (step.do === 'wait') {
        busy = true;
        clock.setTimeout(proceed, step.ms);
        return;
      } else if (step.by === 'rst') socket.resetAndDestroy();
      else socket.end();
    }
    if (socket.destroyed) waiting = [];
  }
}
