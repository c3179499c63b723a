// Aligned columns without borders: they survive 80 columns, copying, and grep.

import { stripVTControlCharacters } from 'node:util';

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Rows under titles, two spaces between columns; nothing is cut, a long last column may wrap in the terminal. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const titles = columns.map((column) => column.title);
  const widths = columns.map((_, index) => Math.max(...[titles, ...rows].map((row) => widthOf(row[index] ?? ''))));
  const line = (row: readonly string[]): string =>
    columns
      .map((column, index) => {
        const cell = row[index] ?? '';
        const padding = ' '.repeat(Math.max(0, (widths[index] ?? 0) - widthOf(cell)));
        return column.align === 'right' ? padding + cell : cell + padding;
      })
      .join('  ')
      .trimEnd();
  return `${[...(titles.some((title) => title !== '') ? [line(titles)] : []), ...rows.map(line)].join('\n')}\n`;
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
