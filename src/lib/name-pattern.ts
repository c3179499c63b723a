// Shell patterns of names, be they of services or of systemd units: *, ? and [..], and nothing else that a shell knows.

import picomatch from 'picomatch';

/** Without posix, [!ab] would be one of the three letters instead of neither a nor b. */
const SHELL = { dot: true, posix: true, nobrace: true, noextglob: true, nonegate: true } as const;

/** Whether a whole name matches, as fnmatch(3) without escapes says: a backslash is an ordinary letter of unit names. */
export const namePattern = (pattern: string): ((name: string) => boolean) =>
  picomatch(pattern.replaceAll('\\', '\\\\'), SHELL);

/** Otherwise it is one name, and stands for itself. */
export const hasWildcard = (pattern: string): boolean => /[*?[]/.test(pattern);
