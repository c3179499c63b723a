// chown(1) and chmod(1) of one directory: never of what is in it.

import { duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';

/** Names or numbers; null leaves it as it is. Throws `tool-failed`, as for a name that nobody has here. */
export const setOwner = (
  path: string,
  { owner, group }: { readonly owner: string | null; readonly group: string | null },
  signal: AbortSignal,
): Promise<void> => change(['chown', '--', `${owner ?? ''}${group === null ? '' : `:${group}`}`, path], path, signal);

/** `mode`: octal digits. Throws `tool-failed`. */
export const setMode = (path: string, mode: string, signal: AbortSignal): Promise<void> =>
  change(['chmod', '--', mode, path], path, signal);

async function change(argv: readonly [string, ...string[]], path: string, signal: AbortSignal): Promise<void> {
  const operation = argv[0] === 'chown' ? 'change the owner of' : 'change the mode of';
  const { exitCode, stderrTail } = await runProcess(
    { argv, operation, subject: path, env: { LC_ALL: 'C' } },
    { signal, timeout: duration(30, 's') },
  );
  if (exitCode === 0) return;
  throw new HoldfastError({
    code: 'tool-failed',
    operation,
    subject: path,
    message: stderrTail.at(-1) ?? `${argv[0]} ended with ${exitCode}`,
    hint: 'Does this user or group exist here? The service may have to be installed first.',
    tool: { name: argv[0], exitCode, stderrTail },
  });
}
