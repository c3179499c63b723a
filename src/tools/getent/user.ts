// getent passwd: the numbers of a user, wherever this machine keeps its users.

import { duration } from '../../domain/duration.ts';
import { runProcess } from '../../process/run-process.ts';
import type { Owner } from '../util-linux/stat.ts';

export const userArgs = (name: string): [string, ...string[]] => ['getent', 'passwd', '--', name];

/** `postgres:x:101:104:...`; null when that is no such line. */
export function parseUser(stdout: string): Owner | null {
  const [, uid, gid] = /^[^:\n]*:[^:\n]*:(\d+):(\d+):/.exec(stdout) ?? [];
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) };
}

/** Null when there is no such user, or nobody says so. */
export async function userNumbers(name: string, signal: AbortSignal): Promise<Owner | null> {
  const command = { argv: userArgs(name), operation: 'look up', subject: `the user ${name}` };
  const { exitCode, stdout } = await runProcess(command, { signal, timeout: duration(10, 's') });
  return exitCode === 0 ? parseUser(stdout) : null;
}
