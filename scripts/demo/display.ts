/**
 * What the demo shows: on a terminal the live view on a screen of its own, elsewhere one line an event.
 */
import { screen } from './screen.ts';
import type { View } from './screen.ts';

export type Display = {
  /** Something happened. */
  readonly tell: (line: string) => void;
  /** From now on the live view, where there can be one. */
  readonly open: () => void;
  /** Back to plain lines. */
  readonly close: () => void;
};

const REFRESH_MS = 1000;
const EVENTS_KEPT = 50;
const OWN_SCREEN = '\u001b[?1049h';
const USUAL_SCREEN = '\u001b[?1049l';
const HOME = '\u001b[H';
const TO_END_OF_LINE = '\u001b[K';
const TO_END_OF_SCREEN = '\u001b[J';

export function createDisplay(view: () => Omit<View, 'events'>): Display {
  const out = process.stdout;
  const events: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  // A terminal that hung up, or a reader that went away, must not end the site.
  out.on('error', () => undefined);

  const draw = (): void => {
    const text = screen({ ...view(), events }, { columns: out.columns || 80, rows: out.rows || 24 });
    out.write(HOME + text.replaceAll('\n', `${TO_END_OF_LINE}\n`) + TO_END_OF_LINE + TO_END_OF_SCREEN);
  };
  return {
    tell(line) {
      events.push(`${new Date().toISOString().slice(11, 19)}Z  ${line}`);
      if (events.length > EVENTS_KEPT) events.shift();
      if (timer) draw();
      else out.write(out.isTTY ? `${line}\n` : `${new Date().toISOString()}  ${line}\n`);
    },
    open() {
      if (timer || !out.isTTY || process.env['TERM'] === 'dumb') return;
      out.write(OWN_SCREEN);
      timer = setInterval(draw, REFRESH_MS);
      out.on('resize', draw);
      draw();
    },
    close() {
      if (!timer) return;
      clearInterval(timer);
      timer = undefined;
      out.off('resize', draw);
      out.write(USUAL_SCREEN);
    },
  };
}
