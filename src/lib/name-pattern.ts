// Shell patterns of names, be they of services or of systemd units: *, ? and [..], and nothing else that a shell knows.

import picomatch from 'picomatch';

/** Without posix, [!ab] would be one of the three letters instead of neither a nor b. */
const SHELL = { dot: true, posix: true, nobrace: true, noextglob: true, nonegate: true } as const;

/**
 * Whether a whole name matches the pattern, or any of several, as fnmatch(3) without escapes says: a backslash is an ordinary
 * letter of unit names. Making the answer costs more than asking it; many stars in one pattern make asking slow.
 */
export const namePattern = (patterns: string | readonly string[]): ((name: string) => boolean) =>
  picomatch(
    [patterns].flat().map((pattern) => pattern.replaceAll('\\', '\\\\')),
    SHELL,
  );

/** Otherwise it is one name, and stands for itself. */
export const hasWildcard = (pattern: string): boolean => /[*?[]/.test(pattern);
