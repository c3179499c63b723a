// What can go wrong between systemd and us, as errors that say what to do.

import * as z from 'zod';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';

/** How the library tells a refusal, and the lack of an answer. */
const refused = z.object({ message: z.string(), dbusName: z.string() });

/** polkit's word is the second one, where nobody can be asked for a password. */
const DENIED = new Set([
  'org.freedesktop.DBus.Error.AccessDenied',
  'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired',
]);

export function refusal(error: unknown, operation: string, subject: string): HoldfastError {
  const { message, dbusName } = refused.safeParse(error).data ?? { message: String(error), dbusName: '' };
  const denied = DENIED.has(dbusName);
  const silent = errnoOf(error) === 'ETIMEDOUT';
  return new HoldfastError({
    code: denied ? 'permission-denied' : 'tool-failed',
    operation,
    subject,
    message: silent ? 'systemd does not answer' : `systemd refuses: ${message}`,
    hint: denied
      ? 'Run it as root.'
      : silent
        ? 'See whether it answers others: systemctl is-system-running'
        : 'systemctl tells more of a unit: systemctl status UNIT',
    retry: denied ? 'never' : 'later',
    cause: error,
  });
}

/** The name of a refusal: 'org.freedesktop.systemd1.NoSuchUnit'; null when it is something else. */
export const refusalName = (error: unknown): string | null =>
  error instanceof HoldfastError ? (refused.safeParse(error.cause).data?.dbusName ?? null) : null;

/** Nobody knows whether what was asked for last has been done. */
export class ConnectionLost extends HoldfastError {
  constructor(cause?: Error) {
    super({
      code: 'tool-failed',
      operation: 'listen to',
      subject: 'systemd',
      message: cause ? `the connection is lost: ${cause.message}` : 'the connection is lost',
      hint: 'systemd may just have started anew (systemctl daemon-reexec). Try again.',
      retry: 'now',
      cause,
    });
  }
}

export const notUnderstood = (cause: unknown, operation: string, subject: string): HoldfastError =>
  new HoldfastError({
    code: 'tool-output',
    operation,
    subject,
    message: `systemd answers something unexpected: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: 'Holdfast knows systemd 252 and newer: systemctl --version',
    cause,
  });
