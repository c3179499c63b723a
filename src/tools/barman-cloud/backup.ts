// `barman-cloud-backup`: a whole copy of the running server. That it ends with 0 proves nothing: a backup counts when it is listed.

import { type BarmanCloud, type BarmanOptions, invokeBarman, type Invocation } from './invoke.ts';

export const COMPRESSIONS = ['gzip', 'bzip2', 'none'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export const compressionArgs = (compression: Compression): string[] => (compression === 'none' ? [] : [`--${compression}`]);

export interface BackupRequest {
  /** By which it is listed, and its processes are found when they outlive it. */
  readonly name: string;
  /** The directory of the server's socket; null: where libpq looks by itself. */
  readonly socket: string | null;
  readonly port: number;
  /** A superuser of the database. */
  readonly role: string;
  readonly compression: Compression;
  /** Null: as many as it takes by itself. */
  readonly processes: number | null;
}

/** As one word, by which the processes are found. */
export const nameArgument = (name: string): string => `--name=${name}`;

/** immediate-checkpoint: a backup that waits for the server's next checkpoint may wait for minutes, and nobody knows why. */
export const backupInvocation = (request: BackupRequest): Invocation => {
  const { name, socket, port, role, compression, processes } = request;
  return {
    program: 'backup',
    options: [
      '--immediate-checkpoint',
      nameArgument(name),
      ...compressionArgs(compression),
      ...(processes === null ? [] : [`--jobs=${processes}`]),
      ...(socket === null ? [] : [`--host=${socket}`]),
      `--port=${port}`,
      `--user=${role}`,
      '--dbname=postgres',
    ],
    operation: 'back up',
  };
};

export async function barmanBackup(access: BarmanCloud, request: BackupRequest, options: BarmanOptions): Promise<void> {
  await invokeBarman(access, backupInvocation(request), options);
}
