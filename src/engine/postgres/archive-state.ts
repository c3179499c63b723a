// What a repository of pgBackRest holds of a server: its backups, its archive, and to which moments they lead.

import { type BaseBackup, reachesOf, type Reach } from '../../domain/moments.ts';
import { readArchive } from '../../domain/postgres-archive.ts';
import { type Line, lineOf, parseHistory } from '../../domain/timeline.ts';
import { filesOfALogBy } from '../../domain/wal-file.ts';
import { backupsIn, clusterIn } from './archive-look.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { BackupInfo, ClusterInfo, StanzaInfo } from '../../tools/pgbackrest/info.ts';
import { pgBackRestInfo } from '../../tools/pgbackrest/info.ts';
import { invokePgBackRest, type PgBackRest } from '../../tools/pgbackrest/invoke.ts';
import { listRepository, type RepositoryFile } from '../../tools/pgbackrest/repo-ls.ts';

export interface ArchiveState {
  readonly repository: number;
  /** The cluster in force there. */
  readonly cluster: ClusterInfo;
  readonly files: readonly RepositoryFile[];
  readonly timelines: readonly number[];
  /** Backups of that cluster, oldest first. */
  readonly backups: readonly BackupInfo[];
  readonly reaches: readonly Reach<BackupInfo & BaseBackup>[];
}

/** Throws what keeps it from being known; `snapshot-missing` where the repository answered, and holds no backup. */
export async function archiveState(
  access: PgBackRest,
  repository: number,
  timeline: number | null,
  signal: AbortSignal,
): Promise<ArchiveState> {
  const info = await pgBackRestInfo(access, { signal, repository });
  const cluster = clusterOf(info, repository, access);
  const { id, files } = await archiveFiles(access, cluster, signal);
  const timelines = timelinesOf(files, id);
  const backups = backupsIn(info, repository).filter(({ databaseId }) => databaseId === cluster.id);
  const perLog = filesOfALogBy(
    backups.flatMap(({ startLsn, wal }) => (startLsn === null || wal === null ? [] : [{ lsn: startLsn, file: wal.start }])),
  );
  const line = await lineFor(access, { repository, id, files, perLog }, timeline ?? timelines.at(-1) ?? 1, signal);
  return {
    repository,
    cluster,
    files,
    timelines,
    backups,
    reaches: reachesOf(backups, readArchive(files, id, perLog), line),
  };
}

/** Everything that lies in the archive of a stanza. */
export async function archiveFiles(
  access: PgBackRest,
  { repository, id, version }: ClusterInfo,
  signal: AbortSignal,
): Promise<{ id: string; files: RepositoryFile[] }> {
  const files = await listRepository(access, repository, `archive/${access.stanza}`, { signal });
  return { id: `${version}-${id}`, files };
}

function clusterOf(info: StanzaInfo, repository: number, { stanza, subject }: PgBackRest): ClusterInfo {
  const told = info.repositories.find(({ key }) => key === repository);
  if (told?.state === 'other')
    throw problem('repository-unreachable', subject, repository, told.message, 'Nothing is known about what is in it.');
  const cluster = clusterIn(info, repository);
  if (cluster && told?.state === 'ok') return cluster;
  const message = `it holds no backup of the stanza ${stanza}${told ? ` (${told.message})` : ''}`;
  const hint = 'If it should: is its filesystem mounted? An empty directory answers so, too.';
  throw problem('snapshot-missing', subject, repository, message, hint);
}

const problem = (
  code: 'repository-unreachable' | 'snapshot-missing',
  subject: string,
  repository: number,
  message: string,
  hint: string,
): HoldfastError =>
  new HoldfastError({
    code,
    operation: 'ask for the backups of',
    subject: `${subject}@repo${repository}`,
    message,
    hint,
    retry: 'later',
  });

/** In order; also those of which there is nothing but how they began. The size of the files is no matter. */
export function timelinesOf(files: readonly Pick<RepositoryFile, 'path'>[], id: string): number[] {
  const found = files.flatMap(({ path }) => {
    const name = path.startsWith(`${id}/`) ? (path.split('/').at(-1) ?? '') : '';
    const [, timeline] = TIMELINE.exec(name) ?? [];
    return timeline === undefined ? [] : [Number.parseInt(timeline, 16)];
  });
  return [...new Set(found)].toSorted((a, b) => a - b);
}

/** Files of the log, whole or in part, and histories begin with it. */
const TIMELINE = /^([0-9A-F]{8})(?:[0-9A-F]{16}|\.history$)/;

/** Throws `snapshot-missing` for a timeline that nothing tells where it came from. */
async function lineFor(
  access: PgBackRest,
  archive: {
    readonly repository: number;
    readonly id: string;
    readonly files: readonly RepositoryFile[];
    readonly perLog: number;
  },
  timeline: number,
  signal: AbortSignal,
): Promise<Line> {
  if (timeline === 1) return lineOf(1);
  const { repository, id, files } = archive;
  const name = `${id}/${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;
  if (!files.some(({ path }) => path === name)) return lineOf(timeline);
  const text = await invokePgBackRest(
    access,
    {
      args: ['repo-get', `archive/${access.stanza}/${name}`],
      operation: 'read the history of',
      repository,
    },
    { signal },
  );
  return parseHistory(text, timeline, archive.perLog) ?? lineOf(timeline);
}
