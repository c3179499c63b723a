// Whether another user can get into a directory: asked as that user, for modes, access lists and mounts all have a say.

import { duration } from '../../domain/duration.ts';
import { runProcess } from '../../process/run-process.ts';
import { asUser } from './as-user.ts';
import type { Owner } from './stat.ts';

export async function canEnter(directory: string, user: Owner, signal: AbortSignal): Promise<boolean> {
  const [first, ...rest] = [...asUser(user), 'test', '-x', directory];
  const { exitCode } = await runProcess(
    { argv: [first, ...rest], operation: 'look at', subject: directory, cwd: '/' },
    { signal, timeout: duration(10, 's') },
  );
  return exitCode === 0;
}
