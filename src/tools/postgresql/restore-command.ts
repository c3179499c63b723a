// The value of restore_command. To PostgreSQL any failure below 126 is the end of the log, after which it goes on without the rest:
// only "not found" (1) may say that, whatever else ends the recovery.

const VERDICT = 'code=$?; [ $code -le 1 ] || exit 126; exit $code';

/** `words`: a command line of a shell that gets a file, without its last two arguments. */
export const restoreCommandOf = (words: string): string => `${words.replaceAll('%', '%%')} %f "%p"; ${VERDICT}`;

/** Whether a line of settings has what `restoreCommandOf` made, of whichever restore. */
export const isOurRestoreCommand = (line: string): boolean => line.includes(VERDICT);
