// stat(1) in a child that can be killed: a dead NFS server hangs whoever asks it, and it must not be us.

import { type Duration, duration } from '../../domain/duration.ts';
import type { Bytes } from '../../domain/bytes.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';

const LIMIT: Duration = duration(10, 's');

/** Whether `path` exists. Throws `repository-unreachable` when it cannot be known: no answer, no permission, I/O error. */
export async function pathExists(path: string, signal: AbortSignal): Promise<boolean> {
  const { exitCode, stderrTail } = await ask(['--format', '%F', '--', path], path, signal);
  if (exitCode === 0) return true;
  if (stderrTail.some((line) => line.includes('No such file or directory'))) return false;
  throw noAnswer(path, stderrTail);
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** Who owns `path`; null when there is nothing. Throws as `pathExists`. */
export async function ownerOf(path: string, signal: AbortSignal): Promise<Owner | null> {
  const { exitCode, stdout, stderrTail } = await ask(['--format', '%u %g', '--', path], path, signal);
  const [uid, gid] = stdout.trim().split(' ').map(Number);
  if (exitCode === 0 && uid !== undefined && gid !== undefined) return { uid, gid };
  if (stderrTail.some((line) => line.includes('No such file or directory'))) return null;
  throw noAnswer(path, stderrTail);
}

/** The number of the device that `path` lies on; null when there is nothing. Throws as `pathExists`. */
export async function deviceOf(path: string, signal: AbortSignal): Promise<string | null> {
  const { exitCode, stdout, stderrTail } = await ask(['--format', '%d', '--', path], path, signal);
  if (exitCode === 0) return stdout.trim();
  if (stderrTail.some((line) => line.includes('No such file or directory'))) return null;
  throw noAnswer(path, stderrTail);
}

/** Bytes that this user may still write below `path`. */
export const freeSpace = async (path: string, signal: AbortSignal): Promise<Bytes> =>
  (await fileSystemSpace(path, signal)).free;

/** Of the file system that `path` lies on: what this user may still write, and all of it. */
export async function fileSystemSpace(
  path: string,
  signal: AbortSignal,
): Promise<{ readonly free: Bytes; readonly total: Bytes }> {
  const format = ['--file-system', '--format', '%a %b %S', '--', path];
  const { exitCode, stdout, stderrTail } = await ask(format, path, signal);
  const [free, total, size] = stdout.trim().split(' ').map(Number);
  if (
    exitCode !== 0 ||
    free === undefined ||
    total === undefined ||
    size === undefined ||
    Number.isNaN(free * total * size)
  ) {
    throw noAnswer(path, stderrTail);
  }
  return { free: (free * size) as Bytes, total: (total * size) as Bytes };
}

async function ask(args: string[], path: string, signal: AbortSignal): ReturnType<typeof runProcess> {
  try {
    return await runProcess(
      { argv: ['stat', ...args], operation: 'look at', subject: path, env: { LC_ALL: 'C' } },
      { signal, timeout: LIMIT, grace: duration(1, 's') },
    );
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'timed-out') throw noAnswer(path, ['no answer within 10 s']);
    throw error;
  }
}

const noAnswer = (path: string, stderrTail: readonly string[]): HoldfastError =>
  new HoldfastError({
    code: 'repository-unreachable',
    operation: 'look at',
    subject: path,
    message: `the file system did not answer: ${stderrTail.at(-1) ?? 'unknown'}`,
    hint: 'Look at the mount (findmnt, dmesg) and at the machine behind it. Nothing is known about what is stored there.',
    retry: 'later',
  });
