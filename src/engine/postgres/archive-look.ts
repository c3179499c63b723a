// What a repository's archive is good for: which of its backups can be restored, and until when. Asked of the repository, file by
// file; nothing is believed of what pgBackRest says about continuity.

import { elapsed, type Instant } from '../../domain/instant.ts';
import { type Archive, foreignTimelines, type Reach, reachOf, readArchive } from '../../domain/postgres-archive.ts';
import { historyName, type Line, lineOf, parseHistory } from '../../domain/timeline.ts';
import { filesOfALogBy, parseWalName } from '../../domain/wal-file.ts';
import type { BackupInfo, ClusterInfo, StanzaInfo } from '../../tools/pgbackrest/info.ts';
import type { PgBackRest } from '../../tools/pgbackrest/invoke.ts';
import { repositoryFile } from '../../tools/pgbackrest/repo-get.ts';
import { listRepository } from '../../tools/pgbackrest/repo-ls.ts';

/** The cluster that a repository's newest backups are of; null where none is in it. */
export const clusterIn = (info: StanzaInfo, repository: number): ClusterInfo | null =>
  info.clusters.filter((each) => each.repository === repository).toSorted((a, b) => b.id - a.id)[0] ?? null;

export const backupsIn = (info: StanzaInfo, repository: number): readonly BackupInfo[] =>
  info.backups.filter((each) => each.repository === repository);

export interface ArchiveLook {
  /** Of each backup of the cluster, oldest first. */
  readonly reaches: readonly { readonly backup: BackupInfo; readonly reach: Reach }[];
  /** The newest moment that can be reached from any of them; null when there is none. */
  readonly restorableUntil: Instant | null;
  /** From which on each moment can be reached without a gap until then. */
  readonly restorableFrom: Instant | null;
  readonly foreign: readonly number[];
}

/** `timeline`: of the server; without one the newest backup's stands for it. */
export async function lookAtArchive(
  access: PgBackRest,
  info: StanzaInfo,
  repository: number,
  timeline: number | null,
  signal: AbortSignal,
): Promise<ArchiveLook> {
  const cluster = clusterIn(info, repository);
  if (cluster === null) return { reaches: [], restorableUntil: null, restorableFrom: null, foreign: [] };
  const id = `${cluster.version}-${cluster.id}`;
  const directory = `archive/${access.stanza}`;
  const files = await listRepository(access, repository, directory, { signal });
  const backups = backupsIn(info, repository).filter(({ databaseId }) => databaseId === cluster.id);
  const known = backups.flatMap(({ startLsn, wal }) =>
    startLsn === null || wal === null ? [] : [{ lsn: startLsn, file: wal.start }],
  );
  const perLog = filesOfALogBy(known);
  const current = timeline ?? parseWalName(backups.at(-1)?.wal?.start ?? '', perLog)?.timeline ?? 1;
  const history = `${id}/${historyName(current)}`;
  const text = files.some(({ path }) => path === history)
    ? await repositoryFile(access, repository, `${directory}/${history}`, { signal })
    : '';
  const line = parseHistory(text, current, perLog) ?? lineOf(current);
  return judgeArchive(readArchive(files, id, perLog), backups, line);
}

export function judgeArchive(archive: Archive, backups: readonly BackupInfo[], line: Line): ArchiveLook {
  const reaches = backups.flatMap((backup) => (backup.wal ? [{ backup, reach: reachOf(archive, line, backup.wal) }] : []));
  const usable = reaches.filter(({ reach }) => reach.consistent && reach.last !== null);
  const until = usable.reduce<Instant | null>(
    (newest, { reach }) => (reach.last && (newest === null || elapsed(newest, reach.last.at) > 0) ? reach.last.at : newest),
    null,
  );
  const whole = usable.find(({ reach }) => reach.last?.at === until);
  return {
    reaches,
    restorableUntil: until,
    restorableFrom: whole?.backup.stoppedAt ?? null,
    foreign: foreignTimelines(archive, line),
  };
}
