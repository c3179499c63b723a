// Who runs a server: who may ask it everything through its socket, and as whom its tools work on its files.

import { HoldfastError } from '../../lib/errors.ts';
import { userNumbers } from '../getent/user.ts';
import type { Owner } from '../util-linux/stat.ts';

const ASK = 'ask the PostgreSQL server of';

/** Throws `config` for a user who does not exist, `permission-denied` where we may not become that one. */
export async function serverUser(name: string, subject: string, signal: AbortSignal, operation = ASK): Promise<Owner> {
  const user = await userNumbers(name, signal);
  const problem = (code: 'config' | 'permission-denied', message: string, hint: string): HoldfastError =>
    new HoldfastError({ code, operation, subject, message, hint });
  if (user === null)
    throw problem(
      'config',
      `there is no user ${name} on this machine`,
      'Say with `user` who runs the server: ps -o user= -C postgres',
    );
  const self = process.getuid?.() ?? 0;
  if (self === 0 || self === user.uid) return user;
  throw problem(
    'permission-denied',
    `that is for ${name}, who runs the server, and this is another user`,
    `Run this as root or as ${name}.`,
  );
}
