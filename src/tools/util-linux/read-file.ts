// The text of a small file, read by a child that can be killed: a dead NFS server hangs whoever asks it, and it must not be us.

import { type Duration, duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';

const LIMIT: Duration = duration(10, 's');

/** Throws `failed` with the reason ('No such file or directory', ...) when it cannot be read. */
export async function readSmallFile(file: string, signal: AbortSignal): Promise<string> {
  const { exitCode, stdout, stderrTail } = await runProcess(
    { argv: ['cat', '--', file], operation: 'read', subject: file, env: { LC_ALL: 'C' } },
    { signal, timeout: LIMIT, grace: duration(1, 's'), verbatim: true },
  );
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
