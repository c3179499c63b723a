// The value of restore_command. To PostgreSQL any failure below 126 is the end of the log, after which it goes on without the rest:
// only "not found" (1) may say that, whatever else ends the recovery.

const VERDICT = '[ $code -le 1 ] || exit 126; exit $code';

/**
 * `words`: a command line of a shell that gets a file, without its last two arguments. `answers`: one that ends with 0 only where the
 * archive answers, for a tool that says 1 also where it does not.
 */
export const restoreCommandOf = (words: string, answers?: string): string => {
  const asked = answers === undefined ? '' : `[ $code -ne 1 ] || ${literally(answers)} >/dev/null || code=126; `;
  return `${literally(words)} %f "%p"; code=$?; ${asked}${VERDICT}`;
};

const literally = (words: string): string => words.replaceAll('%', '%%');

/** Whether a line of settings has what `restoreCommandOf` made, of whichever restore. */
export const isOurRestoreCommand = (line: string): boolean => line.includes(VERDICT);
