// sync(1): everything written to one file system is on disk. In a child, because it may take long and must be cancellable.

import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';

/** Throws `failed` when the file system reports a write that went wrong. */
export async function syncFileSystem(path: string, signal: AbortSignal): Promise<void> {
  const { exitCode, stderrTail } = await runProcess(
    { argv: ['sync', '--file-system', '--', path], operation: 'write to disk', subject: path, env: { LC_ALL: 'C' } },
    { signal },
  );
  if (exitCode === 0) return;
  throw new HoldfastError({
    code: 'failed',
    operation: 'write to disk',
    subject: path,
    message: stderrTail.at(-1) ?? `sync ended with exit code ${exitCode}`,
    hint: 'The disk may be failing: see dmesg.',
    retry: 'later',
  });
}
