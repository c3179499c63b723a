// How a restic child reaches one repository: everything that is the same for every verb. The URL and the password never
// stand in argv: a URL may carry a password, and argv is readable by everybody on the host.

import type { Rate } from '../../domain/rate.ts';

export interface ResticAccess {
  /** The program: an absolute path, or a name on PATH. */
  readonly program: string;
  /** The repository's name in the configuration, or its masked URL: for errors. */
  readonly subject: string;
  /** RESTIC_REPOSITORY, RESTIC_PASSWORD_FILE or RESTIC_PASSWORD_COMMAND, cache directory, the environmentFile's lines. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Values that must be masked wherever they appear. */
  readonly secrets: readonly string[];
  /** Run restic as this user, without other groups and without a cache (which is not that user's). */
  readonly runAs?: { readonly uid: number; readonly gid: number };
  /** Given on standard input, when `runAs` may not be able to read the file. Masked like a secret. */
  readonly password?: string;
  readonly limits: { readonly upload: Rate | null; readonly download: Rate | null };
}
