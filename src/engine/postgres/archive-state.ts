// What a repository of pgBackRest holds of a server: its backups, its archive, and to which moments they lead.

import { type BaseBackup, reachesOf, type Reach } from '../../domain/moments.ts';
import { jobName } from '../../domain/naming.ts';
import { besideLine, type SideTimeline } from '../../domain/postgres-archive.ts';
import { nameOfRepository } from '../../domain/postgres-repository.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { ServerBackup, ServerCluster } from '../../domain/server-backup.ts';
import type { StanzaInfo } from '../../tools/pgbackrest/info.ts';
import { pgBackRestInfo } from '../../tools/pgbackrest/info.ts';
import type { PgBackRest } from '../../tools/pgbackrest/invoke.ts';
import type { TargetTimeline } from '../../domain/timeline.ts';
import { requireSupported } from '../../tools/postgresql/supported-version.ts';
import { clusterIn, openArchive, type OpenArchive } from './open-archive.ts';

export interface ArchiveState extends OpenArchive {
  readonly repository: number;
  /** The cluster in force there. */
  readonly cluster: ServerCluster;
  /** Nothing tells where its timeline came from: it can be followed only from backups that were made on it. */
  readonly orphan: boolean;
  /** What was archived beside it, and is not in anything that is restored along it. */
  readonly beside: readonly SideTimeline[];
  readonly reaches: readonly Reach<ServerBackup & BaseBackup>[];
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
  requireSupported(cluster.version, 'restore', access.subject);
  const open = await openArchive(access, info, cluster, timeline ?? 'newest', signal);
  const { archive, line } = open;
  return {
    ...open,
    repository,
    cluster,
    orphan: open.timeline > 1 && line.length === 1,
    beside: besideLine(archive, line),
    reaches: reachesOf(open.backups, archive, line),
  };
}

/** What recovery is told: a server refuses a timeline of which it finds no history, but for the one that it is on. */
export const targetTimeline = ({ timeline, orphan }: ArchiveState): TargetTimeline => (orphan ? 'current' : timeline);

function clusterOf(info: StanzaInfo, repository: number, { stanza, subject }: PgBackRest): ServerCluster {
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
    subject: jobName(subject, nameOfRepository(repository)),
    message,
    hint,
    retry: 'later',
  });
