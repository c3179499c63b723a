// What the lab's commands say, and where: results on standard output, everything else on standard error.

import type { Output } from '../../src/cli/context.ts';
import { renderError } from '../../src/cli/render-error.ts';
import { exitCodeOf } from '../../src/domain/exit-code.ts';
import { asHoldfastError, errorReport } from '../../src/lib/errors.ts';

export const output: Output = {
  isTerminal: process.stdout.isTTY,
  columns: process.stdout.isTTY ? process.stdout.columns : 80,
  colors: process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
  write: (text) => void process.stdout.write(text),
};

export const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Of work that goes on. */
export const note = (line: string): void => void process.stderr.write(`${line}\n`);

/** Answers with the exit code for it. */
export function tellError(thrown: unknown): number {
  const error = asHoldfastError(thrown, 'do', 'that in the lab');
  process.stderr.write(renderError(errorReport(error), process.stderr.isTTY ? { columns: process.stderr.columns } : {}));
  if (error.code === 'bug' && thrown instanceof Error) process.stderr.write(`${thrown.stack}\n`);
  return exitCodeOf(error.code);
}
