// `pgbackrest backup`. That it ends with 0 proves nothing: pages whose checksums do not fit are copied all the same, and a label
// counts only when `info` lists it.

import type { BackupKind } from '../../domain/postgres-backup.ts';
import { invokePgBackRest, type Invocation, type PgBackRest, type PgBackRestOptions } from './invoke.ts';

export interface BackupRequest {
  readonly repository: number;
  readonly type: BackupKind;
  /** Written on the command lines of all its processes: by it they are found when they outlive it. */
  readonly mark: string;
}

export const markArgument = (mark: string): string => `--exec-id=${mark}`;

const TYPES = { full: 'full', differential: 'diff', incremental: 'incr' } as const satisfies Record<BackupKind, string>;

/**
 * start-fast: a backup that waits for the server's next checkpoint may wait for minutes, and nobody knows why. It expires nothing: a
 * damaged backup would push out a sound one.
 */
export const backupInvocation = ({ repository, type, mark }: BackupRequest): Invocation => ({
  args: ['backup', `--type=${TYPES[type]}`, '--start-fast', markArgument(mark), '--no-expire-auto'],
  operation: 'back up',
  repository,
});

export async function pgBackRestBackup(
  access: PgBackRest,
  request: BackupRequest,
  options: PgBackRestOptions,
): Promise<void> {
  await invokePgBackRest(access, backupInvocation(request), options);
}
