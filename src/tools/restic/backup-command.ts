// `restic backup --stdin-from-command`: what a program prints, as one file in a snapshot. With a pipe a program that fails half
// way leaves a valid, truncated snapshot; started by restic, its failure leaves none.

import { HoldfastError } from '../../lib/errors.ts';
import type { Duration } from '../../domain/duration.ts';
import type { ResticAccess } from './access.ts';
import { BackupOutput, type BackupSummary } from './backup.ts';
import { type Argv, invokeRestic, type ResticOptions } from './invoke.ts';

export interface CommandBackupRequest {
  /** Its standard output is the content. */
  readonly argv: Argv;
  /** Absolute, in the root: restic 0.18.0 knows no directories here. */
  readonly path: string;
  /** Without commas: restic would split them. */
  readonly tags: readonly string[];
  readonly host: string;
  readonly retryLock?: Duration | undefined;
}

const OPERATION = 'back up to';

/** The verb's arguments. Throws `bug` for what restic's command line cannot express. */
export function commandBackupArgs({ argv, path, tags, host }: CommandBackupRequest, subject: string): string[] {
  const unfit = !/^\/[^/\0]+$/.test(path) ? path : tags.find((tag) => tag === '' || tag.includes(','));
  if (unfit !== undefined || host === '') {
    const message = `restic cannot be asked for ${JSON.stringify(unfit ?? host)}`;
    throw new HoldfastError({ code: 'bug', operation: OPERATION, subject, message });
  }
  return [
    'backup',
    `--host=${host}`,
    ...tags.map((tag) => `--tag=${tag}`),
    `--stdin-filename=${path}`,
    '--stdin-from-command',
    '--',
    ...argv,
  ];
}

/** Makes one snapshot of one file. Nothing is saved when the program fails, or restic is ended. */
export async function resticBackupCommand(
  access: ResticAccess,
  request: CommandBackupRequest,
  options: ResticOptions,
): Promise<BackupSummary> {
  const output = new BackupOutput(access.subject);
  const { exitCode } = await invokeRestic(
    access,
    {
      args: commandBackupArgs(request, access.subject),
      operation: OPERATION,
      retryLock: request.retryLock,
      onLine: output.line,
      onErrorLine: output.errorLine,
    },
    options,
  );
  return output.summary(exitCode);
}
