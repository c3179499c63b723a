// An error as three parts: what was being done to what and what happened, the tool's last lines, what to do now.

import type { ErrorReport } from '../lib/errors.ts';
import { wrapText } from './wrap.ts';

const QUOTED_LINES = 5;
const QUOTED_WIDTH = 300;

export interface ErrorView {
  /** What was being done, where there is a better name for it than the error's own operation: a step's title. */
  readonly doing?: string;
  /** Of the terminal; lines stay whole where there is none. */
  readonly columns?: number;
  /** How many of the tool's last lines are shown at most; five when not given. */
  readonly quote?: number;
}

export function renderError(
  error: ErrorReport,
  { doing = doingOf(error), columns = Infinity, quote = QUOTED_LINES }: ErrorView = {},
): string {
  const message = [doing, error.message].filter(Boolean).join(': ').split('\n');
  const lines = message.flatMap((line, index) => wrapText(line, columns, index === 0 ? 'error: ' : '', '  '));
  for (const line of newsOf(error).slice(-quote))
    lines.push(...wrapText(line.slice(0, QUOTED_WIDTH), columns, '  | ', '    '));
  if (error.hint) lines.push(...wrapText(error.hint, columns, 'hint: ', '  '));
  return `${lines.join('\n')}\n`;
}

/** The tool's last words without those that the message says already. */
function newsOf({ tool, message }: ErrorReport): string[] {
  const told = plain(message);
  const lines = (tool?.stderrTail ?? []).filter((line) => !told.includes(plain(line)));
  return lines.filter((line, index) => !lines.slice(0, index).some((earlier) => plain(earlier).includes(plain(line))));
}

const plain = (text: string): string =>
  text
    .replaceAll(/\bFatal: /g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();

const NO_DOING: ReadonlySet<string> = new Set(['config', 'usage', 'interrupted']);

const doingOf = (error: ErrorReport): string =>
  NO_DOING.has(error.code) ? '' : `could not ${error.operation} ${error.subject}`;
