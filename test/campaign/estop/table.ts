/** The rows of the E-stop campaign as a table for people. */
import type { Row } from './estop.ts';

const HEAD = ['case', 'variant', 'from', 'n', 'first ≤', 'worst', 'idle ≤', 'worst', 'zero ≤', 'worst', 'answer', ''];

export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map(cellsOf);
  const widths = HEAD.map((head, at) => Math.max(head.length, ...cells.map((row) => row[at]?.length ?? 0)));
  return [HEAD, ...cells]
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cellsOf({ name, variant, from, presses, budget, worstMs, problems }: Row): readonly string[] {
  const { first, idle, zero, reply } = worstMs;
  const counted = idle === undefined ? '' : String(budget.idleMs ?? budget.firstMs);
  return [
    name,
    variant,
    from,
    String(presses),
    String(budget.firstMs),
    shown(first),
    counted,
    shown(idle),
    String(budget.zeroMs),
    shown(zero),
    shown(reply),
    problems.length === 0 ? 'pass' : `FAIL ${problems.length}`,
  ];
}

function shown(ms: number | undefined): string {
  return ms === undefined ? '–' : Number.isFinite(ms) ? String(Math.round(ms)) : 'never';
}
