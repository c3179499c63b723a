// How the demo tells its story: numbered chapters of a few calm lines, at most as wide as the terminal. With --json the story is
// progress, and goes to standard error; with --quiet there is none.

import type { CliContext } from '../context.ts';
import { paint, type Tone } from '../style.ts';
import { wrapText } from '../wrap.ts';

const INDENT = '   ';
const WIDEST = 100;

export interface Narrator {
  /** Columns of what is told inside of a chapter. */
  readonly columns: number;
  readonly colors: boolean;
  /** A paragraph at the left edge. */
  say(text: string): void;
  chapter(title: string): void;
  /** A line of the chapter, wrapped; `subject` is what it is about, aligned with the others. */
  line(text: string, subject?: string): void;
  /** With a mark for good or bad. */
  verdict(good: boolean, subject: string, text: string): void;
  /** Lines that are laid out already. */
  block(text: string): void;
}

export function narrator(cli: CliContext): Narrator {
  const out = cli.options.json ? cli.err : cli.out;
  const columns = Math.min(out.columns, WIDEST) - INDENT.length;
  let chapters = 0;
  const write = (text: string): void => {
    if (!cli.options.quiet) out.write(`${text}\n`);
  };
  const marked = (mark: string, subject: string, text: string): void => {
    const head = `${INDENT}${mark}${subject === '' ? '' : `${paint(out, 'strong', subject)}${' '.repeat(Math.max(1, 8 - subject.length))}`}`;
    for (const line of wrapText(text, columns + INDENT.length, head)) write(line);
  };
  return {
    columns,
    colors: out.colors,
    say: (text) => {
      for (const line of wrapText(text, columns + INDENT.length, '')) write(line);
    },
    chapter: (title) => {
      chapters += 1;
      write(`\n${paint(out, 'strong', `${chapters}  ${title}`)}`);
    },
    line: (text, subject = '') => marked('', subject, text),
    verdict: (good, subject, text) => {
      const [mark, tone]: [string, Tone] = good ? ['✓', 'good'] : ['✗', 'bad'];
      marked(`${paint(out, tone, mark)} `, subject, text);
    },
    block: (text) => {
      for (const line of text.trimEnd().split('\n')) write(line === '' ? '' : INDENT + line);
    },
  };
}
