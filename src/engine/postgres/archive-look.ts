// What a repository's archive is good for: which of its backups can be restored, and until when. Asked of the repository, file by
// file; nothing is believed of what pgBackRest says about continuity.

import { type FinishedFile, leftAt } from '../../domain/finished-log.ts';
import { elapsed, type Instant } from '../../domain/instant.ts';
import { foreignTimelines, type Reach, reachOf } from '../../domain/postgres-archive.ts';
import type { ServerBackup } from '../../domain/server-backup.ts';
import type { StanzaInfo } from '../../tools/pgbackrest/info.ts';
import type { PgBackRest } from '../../tools/pgbackrest/invoke.ts';
import type { RepositoryFile } from '../../tools/pgbackrest/repo-ls.ts';
import { clusterIn, type OpenArchive, openArchive } from './open-archive.ts';

export interface ArchiveLook {
  /** Of each backup of the cluster, oldest first. */
  readonly reaches: readonly { readonly backup: ServerBackup; readonly reach: Reach }[];
  /** The newest moment that can be reached from any of them; null when there is none. */
  readonly restorableUntil: Instant | null;
  /** From which on each moment can be reached without a gap until then. */
  readonly restorableFrom: Instant | null;
  /** All that are in it, and those of them that are not the server's own. */
  readonly timelines: readonly number[];
  readonly foreign: readonly number[];
}

/** What the server itself says. Where it did not answer, files of the log count as being from when they came into the archive. */
export interface Told {
  readonly timeline: number | null;
  readonly finished: readonly FinishedFile[];
}

/**
 * Without a timeline of the server the newest backup's stands for it. `listed`: what a copy of that repository holds of its archive,
 * which then is what is judged.
 */
export async function lookAtArchive(
  access: PgBackRest,
  info: StanzaInfo,
  repository: number,
  { timeline, finished }: Told,
  signal: AbortSignal,
  listed?: readonly RepositoryFile[],
): Promise<ArchiveLook> {
  const cluster = clusterIn(info, repository);
  if (cluster === null) return { reaches: [], restorableUntil: null, restorableFrom: null, timelines: [], foreign: [] };
  const open = await openArchive(access, info, cluster, timeline ?? 'of the newest backup', signal, listed);
  return judgeArchive(open, finished);
}

export function judgeArchive(
  { archive, backups, line, timelines }: Pick<OpenArchive, 'archive' | 'backups' | 'line' | 'timelines'>,
  finished: readonly FinishedFile[] = [],
): ArchiveLook {
  const reaches = backups.flatMap((backup) =>
    backup.wal ? [{ backup, reach: notAfterItWasLeft(reachOf(archive, line, backup.wal), finished) }] : [],
  );
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
    timelines,
    foreign: foreignTimelines(archive, line),
  };
}

/** A file that came late holds nothing that was committed after its server had gone on to the next one. */
function notAfterItWasLeft(reach: Reach, finished: readonly FinishedFile[]): Reach {
  const { last } = reach;
  const left = last === null ? null : leftAt(finished, last.file);
  return last === null || left === null || left >= last.at ? reach : { ...reach, last: { ...last, at: left } };
}
