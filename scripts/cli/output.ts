/**
 * How answers look: compact tables for people, one line of JSON for machines. Colours only on terminals.
 */
import { stripVTControlCharacters, styleText } from 'node:util';
import type { Refusal } from '../../contracts/faults.ts';

type Colour = 'red' | 'green' | 'yellow' | 'dim' | 'bold';

export function painted(colour: Colour, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(colour, text, { stream, validateStream: true });
}

export function json(value: unknown): string {
  return JSON.stringify(value);
}

/** Columns as wide as they must be; the first row is the head. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, lengthOf(cell))));
  return rows
    .map((row, line) => {
      const text = row
        .map((cell, at) => cell + ' '.repeat((widths[at] ?? 0) - lengthOf(cell)))
        .join('  ')
        .trimEnd();
      return line === 0 ? painted('bold', text) : text;
    })
    .join('\n');
}

export function failed({ code, message, details }: Refusal): string {
  const more = details === undefined || code === 'BAD_REQUEST' ? '' : `\n${JSON.stringify(details)}`;
  return `${painted('red', code, process.stderr)}: ${message}${more}`;
}

/** A missing value is shown as missing. */
export function shown(value: number | string | null, unit = '', digits = 1): string {
  if (value === null) return '–';
  return typeof value === 'number' ? `${Number(value.toFixed(digits))}${unit && ` ${unit}`}` : value;
}

export function kilowatts(watts: number | null): string {
  return shown(watts === null ? null : watts / 1000, 'kW', 2);
}

function lengthOf(cell: string): number {
  return stripVTControlCharacters(cell).length;
}
