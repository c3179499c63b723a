// What should alarm, at the top of the screen of `holdfast status`. It decides nothing.

import type { StatusProblem } from '../engine/status/problems.ts';
import type { Output } from './context.ts';
import { paint } from './style.ts';
import { printable } from './table.ts';
import { wrapText } from './wrap.ts';

/** The same message about many is one line: the first screen should hold all that is wrong. */
export function problemLines(problems: readonly StatusProblem[], view: Pick<Output, 'colors'>, columns: number): string[] {
  const alike = Map.groupBy(problems, ({ severity, message }) => `${severity} ${message}`);
  const lines = [...alike.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const [mark, tone] = first.severity === 'problem' ? (['✗', 'bad'] as const) : (['!', 'warn'] as const);
    const subjects = group.map(({ subject }) => printable(subject)).join(', ');
    const many = group.length > 1 ? ` (${group.length})` : '';
    const [head = '', ...rest] = wrapText(`${first.message}${many}: ${subjects}`, columns, '  ');
    const hint = group.length > 1 ? commonHint(group) : first.hint;
    return [
      `${paint(view, tone, mark)} ${head.slice(2)}`,
      ...rest,
      ...(hint === null ? [] : wrapText(hint, columns, '    ').map((line) => paint(view, 'dim', line))),
    ];
  });
  return lines.length === 0 ? [] : [...lines, ''];
}

/** What many hints share: the same text, or the same command with different names. */
function commonHint(group: readonly StatusProblem[]): string | null {
  const hints = new Set(group.map(({ hint }) => hint));
  const [hint = null] = hints;
  if (hints.size === 1) return hint;
  const command = /^holdfast \w+(?= )/.exec(hint ?? '')?.[0];
  return command && [...hints].every((each) => each?.startsWith(`${command} `))
    ? `${command} NAME, or ${command} for all`
    : hint;
}
