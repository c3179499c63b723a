// getent passwd: the number of a user and of that user's group, wherever this machine keeps its users.

import { duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';
import type { Owner } from '../util-linux/stat.ts';

export const passwdArgs = (name: string): [string, ...string[]] => ['getent', 'passwd', '--', name];

/** `postgres:x:101:104:...`; null when that is no such line. */
export function parsePasswd(stdout: string): Owner | null {
  const [, uid, gid] = /^[^:\n]*:[^:\n]*:(\d+):(\d+):/.exec(stdout) ?? [];
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}

/** Throws `config` when nobody here has that name. */
export async function userNumbers(name: string, signal: AbortSignal): Promise<Owner> {
  const command = { argv: passwdArgs(name), operation: 'look up', subject: `the user ${name}` };
  const { exitCode, stdout } = await runProcess(command, { signal, timeout: duration(10, 's') });
  const found = exitCode === 0 ? parsePasswd(stdout) : null;
  if (found) return found;
  throw new HoldfastError({
    code: 'config',
    operation: 'look up',
    subject: `the user ${name}`,
    message: `there is no user ${name} on this machine`,
    hint: 'Name who runs the server (postgres.user). On a new machine install the server first: it brings its user.',
  });
}
