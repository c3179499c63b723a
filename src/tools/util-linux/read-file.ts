// A small file, looked at or read by a child that can be killed: a dead NFS server hangs whoever asks it, and it must not be
// us.

import { type Duration, duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';

const LIMIT: Duration = duration(10, 's');

export interface FileFacts {
  readonly readable: boolean;
  /** In bytes; 0 when it may not be looked at. */
  readonly size: number;
}

/** Null when there is nothing (a dangling link is nothing). What may not be looked at is not readable. */
export async function probeFile(file: string, signal: AbortSignal): Promise<FileFacts | null> {
  const print = ['(', '-readable', '-printf', 'readable %y %s', '-o', '-printf', 'closed %y %s', ')'];
  const { stdout, stderrTail } = await ask(['find', '-L', file, '-maxdepth', '0', ...print], file, signal);
  const [access, type, size] = stdout.split(' ');
  if (type === 'l' || stderrTail.some((line) => line.endsWith(': No such file or directory'))) return null;
  return { readable: access === 'readable', size: Number(size ?? 0) };
}

/** The text of a file. Throws `failed` with the reason ('No such file or directory', ...) when it cannot be read. */
export async function readSmallFile(file: string, signal: AbortSignal): Promise<string> {
  const { exitCode, stdout, stderrTail } = await ask(['cat', '--', file], file, signal);
  if (exitCode === 0) return stdout;
  throw new HoldfastError({
    code: 'failed',
    operation: 'read',
    subject: file,
    message: stderrTail.at(-1)?.split(': ').at(-1) ?? 'it cannot be read',
    hint: `See who may read it: ls -l ${file}`,
    retry: 'later',
  });
}

const ask = (argv: readonly [string, ...string[]], file: string, signal: AbortSignal): ReturnType<typeof runProcess> =>
  runProcess(
    { argv, operation: 'read', subject: file, env: { LC_ALL: 'C' } },
    { signal, timeout: LIMIT, grace: duration(1, 's'), verbatim: true },
  );
