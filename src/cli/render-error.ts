// An error as three parts: what was being done to what and what happened, the tool's last lines, what to do now.

import type { ErrorReport } from '../lib/errors.ts';

const QUOTED_LINES = 5;
const QUOTED_WIDTH = 300;

/** `doing` says what was being done where there is a better name for it than the error's own operation: a step's title. */
export function renderError(error: ErrorReport, doing = doingOf(error)): string {
  const lines = [`error: ${[doing, error.message].filter(Boolean).join(': ')}`];
  for (const line of error.tool?.stderrTail.slice(-QUOTED_LINES) ?? []) lines.push(`  | ${line.slice(0, QUOTED_WIDTH)}`);
  if (error.hint) lines.push(`hint: ${error.hint}`);
  return `${lines.join('\n')}\n`;
}

const NO_DOING: ReadonlySet<string> = new Set(['config', 'usage', 'interrupted']);

const doingOf = (error: ErrorReport): string =>
  NO_DOING.has(error.code) ? '' : `could not ${error.operation} ${error.subject}`;
