// Aligned columns without borders: they survive 80 columns, copying, and grep.

import { stripVTControlCharacters } from 'node:util';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Holds names, which are shortened in their middle where the table would not fit. */
  readonly names?: boolean;
}

/** What is left of a name must still tell it from others. */
const SHORTEST_NAME = 12;

/**
 * Rows under titles, two spaces between columns. Nothing is cut but names where a `width` is given (a terminal's); a long
 * last column may wrap.
 */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): string {
  const titles = columns.map((column) => column.title);
  const natural = columns.map((_, index) => Math.max(...[titles, ...rows].map((row) => widthOf(row[index] ?? ''))));
  const widths = fitted(natural, columns, width);
  const line = (row: readonly string[]): string =>
    columns
      .map((column, index) => {
        const cell = shortened(row[index] ?? '', widths[index] ?? 0);
        const padding = ' '.repeat(Math.max(0, (widths[index] ?? 0) - widthOf(cell)));
        return column.align === 'right' ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd();
  return `${[...(titles.some((title) => title !== '') ? [line(titles)] : []), ...rows.map(line)].join('\n')}\n`;
}

/** The widest column of names gives way first. */
function fitted(widths: readonly number[], columns: readonly Column[], width: number): number[] {
  const fitting = [...widths];
  const total = (): number => fitting.reduce((sum, each) => sum + each, 2 * (fitting.length - 1));
  while (total() > width) {
    const names = fitting.map((each, index) => (columns[index]?.names && each > SHORTEST_NAME ? each : 0));
    const widest = names.indexOf(Math.max(...names));
    if (!names[widest]) break;
    fitting[widest] = names[widest] - 1;
  }
  return fitting;
}

function shortened(cell: string, width: number): string {
  if (widthOf(cell) <= width) return cell;
  const text = stripVTControlCharacters(cell);
  const characters = [...text];
  const tail = Math.floor((width - 1) / 3);
  let head = characters.slice(0, characters.length - tail);
  const end = characters.slice(characters.length - tail).join('');
  while (head.length > 0 && widthOf(`${head.join('')}…${end}`) > width) head = head.slice(0, -1);
  return cell.replace(text, () => `${head.join('')}…${end}`); // its colours stay around it
}

/** Columns that a cell takes, without colours; names in wide scripts count two. */
export const widthOf = (cell: string): number =>
  [...stripVTControlCharacters(cell)].reduce(
    (sum, character) => sum + (/[ᄀ-ᅟ⺀-꓏가-힣豈-﫿︰-﹏＀-｠]/u.test(character) ? 2 : 1),
    0,
  );

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;

/** Text that came from file names and tools, safe to print: control characters as escapes. */
export const printable = (text: string): string =>
  text.replaceAll(CONTROL, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
