// The archive of a cluster in one repository, as its files tell it: the backups, the log, and the line that a server came along.

import { type Archive, readArchive } from '../../domain/postgres-archive.ts';
import { historyName, type Line, lineOf, parseHistory } from '../../domain/timeline.ts';
import { filesOfALogBy, parseWalName } from '../../domain/wal-file.ts';
import type { ServerBackup, ServerCluster } from '../../domain/server-backup.ts';
import type { StanzaInfo } from '../../tools/pgbackrest/info.ts';
import type { PgBackRest } from '../../tools/pgbackrest/invoke.ts';
import { repositoryFile } from '../../tools/pgbackrest/repo-get.ts';
import { listRepository, type RepositoryFile } from '../../tools/pgbackrest/repo-ls.ts';

export interface OpenArchive {
  readonly files: readonly RepositoryFile[];
  readonly timelines: readonly number[];
  /** The one at the end of the line. */
  readonly timeline: number;
  /** Backups of that cluster, oldest first. */
  readonly backups: readonly ServerBackup[];
  readonly archive: Archive;
  readonly line: Line;
}

/** The cluster that a repository's newest backups are of; null where none is in it. */
export const clusterIn = (info: StanzaInfo, repository: number): ServerCluster | null =>
  info.clusters.filter((each) => each.repository === repository).toSorted((a, b) => b.id - a.id)[0] ?? null;

export const backupsIn = (info: StanzaInfo, repository: number): readonly ServerBackup[] =>
  info.backups.filter((each) => each.repository === repository);

/**
 * `timeline`: the one that a server is on; or the newest that the archive has, or the one of the newest backup. `listed`: the files that
 * are to be judged, where not all of the archive is.
 */
export async function openArchive(
  access: PgBackRest,
  info: StanzaInfo,
  cluster: ServerCluster,
  timeline: number | 'newest' | 'of the newest backup',
  signal: AbortSignal,
  listed?: readonly RepositoryFile[],
): Promise<OpenArchive> {
  const id = directoryIn(cluster);
  const files = listed ?? (await archiveFiles(access, cluster, signal)).files;
  const timelines = timelinesOf(files, id);
  const backups = backupsIn(info, cluster.repository).filter(({ databaseId }) => databaseId === cluster.id);
  const perLog = filesOfALogBy(
    backups.flatMap(({ startLsn, wal }) => (startLsn === null || wal === null ? [] : [{ lsn: startLsn, file: wal.start }])),
  );
  const ofBackup = parseWalName(backups.at(-1)?.wal?.start ?? '', perLog)?.timeline;
  const followed = (typeof timeline === 'number' ? timeline : timeline === 'newest' ? timelines.at(-1) : ofBackup) ?? 1;
  const line = await lineTo(access, cluster.repository, { id, files, perLog }, followed, signal);
  return { files, timelines, timeline: followed, backups, archive: readArchive(files, id, perLog), line };
}

/** Everything that lies in the archive of a stanza; `id` is the directory of that cluster in it. */
export async function archiveFiles(
  access: PgBackRest,
  cluster: ServerCluster,
  signal: AbortSignal,
): Promise<{ id: string; files: RepositoryFile[] }> {
  const files = await listRepository(access, cluster.repository, directoryOf(access), { signal });
  return { id: directoryIn(cluster), files };
}

const directoryIn = ({ id, version }: ServerCluster): string => `${version}-${id}`;

const directoryOf = ({ stanza }: PgBackRest): string => `archive/${stanza}`;

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

/** Alone where nothing tells what it came from. */
async function lineTo(
  access: PgBackRest,
  repository: number,
  { id, files, perLog }: { readonly id: string; readonly files: readonly RepositoryFile[]; readonly perLog: number },
  timeline: number,
  signal: AbortSignal,
): Promise<Line> {
  const history = `${id}/${historyName(timeline)}`;
  if (!files.some(({ path }) => path === history)) return lineOf(timeline);
  const text = await repositoryFile(access, repository, `${directoryOf(access)}/${history}`, { signal });
  return parseHistory(text, timeline, perLog) ?? lineOf(timeline);
}
