// systemd-analyze: what systemd itself makes of a calendar expression.

import { duration } from '../../domain/duration.ts';
import { findProgram } from '../../process/find-program.ts';
import { runProcess } from '../../process/run-process.ts';

/** Where it gives up it does so at the end of a month in which clocks change, after some that were well. */
const TIMES = 12;

export const calendarArgs = (expressions: readonly string[]): [string, ...string[]] => [
  'systemd-analyze',
  'calendar',
  `--iterations=${TIMES}`,
  '--',
  ...expressions,
];

const REFUSED = /Failed to (?:parse calendar (?:specification|expression)|determine next elapse for) '(.*)': /;

/** Those that it does not understand, or that never come where this machine is, from what it says on standard error. */
export const parseRefused = (stderr: readonly string[]): string[] => stderr.flatMap((line) => REFUSED.exec(line)?.[1] ?? []);

/** Of these, those for which systemd would never start anything; null where it cannot be asked. */
export async function refusedCalendars(expressions: readonly string[], signal: AbortSignal): Promise<string[] | null> {
  if (findProgram('systemd-analyze') === null) return null;
  if (expressions.length === 0) return [];
  const { stderrTail } = await runProcess(
    {
      argv: calendarArgs(expressions),
      operation: 'understand',
      subject: 'the calendars',
      env: { LC_ALL: 'C', SYSTEMD_LOG_LEVEL: 'err' },
    },
    { signal, timeout: duration(15, 's') },
  );
  return parseRefused(stderrTail);
}
