// An error as three parts: what was being done to what and what happened, the tool's last lines, what to do now.

import type { ErrorReport } from '../lib/errors.ts';

export function renderError(error: ErrorReport): string {
  const doing = error.code === 'config' || error.code === 'usage' ? '' : `could not ${error.operation} ${error.subject}: `;
  const lines = [`error: ${doing}${error.message}`];
  for (const line of error.tool?.stderrTail.slice(-8) ?? []) lines.push(`  | ${line}`);
  if (error.hint) lines.push(`hint: ${error.hint}`);
  return `${lines.join('\n')}\n`;
}
