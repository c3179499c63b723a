// RESTIC_PASSWORD_COMMAND: an argument list as the one string that restic splits again.
// The rule, measured with 0.18.0 and 0.19.1: no shell is involved ($, *, ~ and # are plain); Unicode white space and
// backslashes separate; ' and " quote, also newlines; a backslash before a quote mark takes away its meaning but stays
// in the text; a mark that begins or ends a quotation separates too; empty words vanish. So some lists have no such string.

import { HoldfastError } from '../../lib/errors.ts';

/** The string that restic splits into exactly `argv`. Throws `config` when there is none. */
export function quoteCommand(argv: readonly string[]): string {
  if (argv.length === 0) throw notExpressible('it is empty');
  return argv.map(quote).join(' ');
}

function quote(argument: string): string {
  if (argument === '') throw notExpressible('an argument is empty');
  if (argument.includes('\0') || !argument.isWellFormed())
    throw notExpressible('an argument contains a NUL or is not valid Unicode');
  if (argument.endsWith('\\'))
    throw notExpressible('an argument ends with a backslash, which would hide the closing quotation mark');
  // a mark inside is harmless only behind a backslash, which stays in the argument
  if (!/(?<!\\)'/.test(argument)) return `'${argument}'`;
  if (!/(?<!\\)"/.test(argument)) return `"${argument}"`;
  throw notExpressible('an argument contains both kinds of quotation marks');
}

const notExpressible = (message: string): HoldfastError =>
  new HoldfastError({
    code: 'config',
    operation: 'read the configuration',
    subject: 'passwordCommand',
    message: `restic cannot be given this command: ${message}`,
    hint: 'Put the command into a small executable script, and give its path as passwordCommand.',
  });
