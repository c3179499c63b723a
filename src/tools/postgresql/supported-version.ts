// Which versions of PostgreSQL there is anything to be said of: older ones recover in another way, and tell less of their archiving.

import { HoldfastError } from '../../lib/errors.ts';

const OLDEST = 12;

/** `version`: '9.6', '15'. Throws `unsupported`. */
export function requireSupported(version: string, operation: string, subject: string): void {
  if (Number.parseFloat(version) >= OLDEST) return;
  throw new HoldfastError({
    code: 'unsupported',
    operation,
    subject,
    message: `it is PostgreSQL ${version}, and Holdfast knows ${OLDEST} and newer`,
    hint: 'Keep the way in which it is backed up and restored today until it is upgraded (pg_upgrade).',
  });
}
