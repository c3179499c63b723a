// Breaking text into lines that fit the terminal.

import { widthOf } from './table.ts';

/**
 * Lines of at most `columns`, broken between words only; a command in backticks stays whole, so that it can be copied. The
 * first line begins with `first`, the others with `rest`.
 */
export function wrapText(text: string, columns: number, first: string, rest = ' '.repeat(widthOf(first))): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(/ (?=(?:[^`]*`[^`]*`)*[^`]*$)/)) {
    if (!empty && widthOf(line) + 1 + widthOf(word) > columns) {
      lines.push(line);
      line = rest;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}
