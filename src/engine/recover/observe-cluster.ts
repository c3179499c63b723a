// What is seen of the PostgreSQL server of a service before it starts: its data directory, what is on record of it, and each of its
// repositories, where those matter, asked by itself. What cannot be known is told as that.

import type { Configuration, PostgresConfig, PostgresRepositoryConfig, ServiceConfig } from '../../config/configuration.ts';
import type {
  ArchiveState,
  ClusterBackup,
  ClusterData,
  ClusterObservation,
  ClusterReceipt,
  Obstacle,
} from '../../domain/postgres-recovery.ts';
import type { Journal } from '../../journal/journal.ts';
import { nameOfRepository } from '../../domain/postgres-repository.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { pgBackRestInfo, type StanzaInfo } from '../../tools/pgbackrest/info.ts';
import type { PgBackRest } from '../../tools/pgbackrest/invoke.ts';
import { pgBackRestVersion } from '../../tools/pgbackrest/version.ts';
import type { ObservedScene } from '../layers/observe-scene.ts';
import { PROGRAM, pgBackRestOf } from '../postgres/access.ts';
import { backupsIn } from '../postgres/open-archive.ts';
import { type DataDirectory, dataDirectory } from '../postgres/data-directory.ts';
import { requireMounted } from '../postgres/mounted.ts';
import { whatHides } from './look-at-paths.ts';

export interface ClusterScene {
  readonly config: Configuration;
  readonly journal: Pick<Journal, 'evidence'>;
  readonly mounts: ObservedScene;
}

export async function observeCluster(
  service: ServiceConfig,
  postgres: PostgresConfig,
  scene: ClusterScene,
  signal: AbortSignal,
): Promise<ClusterObservation> {
  const [hidden, directory] = await Promise.all([
    hiddenOrUnknown(service, postgres, scene, signal),
    dataDirectory(postgres.dataDir, signal),
  ]);
  const receipt = receiptOf(scene.journal, service.name);
  const data = dataOf(directory, postgres);
  // what is known to be right starts at once: nobody waits for a repository that may be far, or down
  const isKnown = data.kind === 'valid' && data.systemId === receipt?.systemId;
  const archives = hidden !== null || isKnown ? [] : await askArchives(service, postgres, signal);
  return { service: service.name, dataDir: postgres.dataDir, hidden, data, receipt, archives };
}

async function hiddenOrUnknown(
  service: ServiceConfig,
  { dataDir }: PostgresConfig,
  scene: ClusterScene,
  signal: AbortSignal,
): Promise<Obstacle | null> {
  try {
    return await whatHides(service, dataDir, scene, signal);
  } catch (error) {
    return whyOf(error, signal);
  }
}

function dataOf(data: DataDirectory, { dataDir }: PostgresConfig): ClusterData {
  switch (data.state) {
    case 'absent':
    case 'empty':
      return { kind: 'empty' };
    case 'valid':
      return data.missing.length === 0
        ? { kind: 'valid', systemId: data.control.systemId }
        : { kind: 'unknown', reason: `${data.missing.join(', ')}, where a part of ${dataDir} is kept, is not there` };
    case 'partial':
      return { kind: 'partial', reason: data.why };
    case 'unknown':
      return { kind: 'unknown', reason: data.why };
    default:
      return data satisfies never;
  }
}

/** The cluster that was backed up here the last time. */
function receiptOf(journal: Pick<Journal, 'evidence'>, service: string): ClusterReceipt | null {
  const backups = journal.evidence({ service, kind: 'backup', limit: 100 });
  const systemId = backups.map(({ detail }) => detail['systemId']).find((each) => typeof each === 'string');
  return systemId === undefined ? null : { systemId };
}

type Archives = ClusterObservation['archives'];

/** Each by itself: one that hangs says nothing of the others. */
async function askArchives(service: ServiceConfig, postgres: PostgresConfig, signal: AbortSignal): Promise<Archives> {
  try {
    await pgBackRestVersion(PROGRAM, signal);
    const access = await pgBackRestOf({ service, postgres }, signal);
    if (postgres.repositories.length > 0)
      return await Promise.all(
        postgres.repositories.map(async (repository) => ({
          repository: repository.name,
          ...(await askOne(service.name, access, repository, signal)),
        })),
      );
    const info = await pgBackRestInfo(access, { signal });
    return info.repositories.length === 0
      ? [silent('pgbackrest', NO_STANZA)]
      : info.repositories.map(({ key }) => ({ repository: nameOfRepository(key), ...stateIn(info, key) }));
  } catch (error) {
    return [silent('pgbackrest', whyOf(error, signal))];
  }
}

async function askOne(
  service: string,
  access: PgBackRest,
  repository: PostgresRepositoryConfig,
  signal: AbortSignal,
): Promise<ArchiveState> {
  try {
    await requireMounted(service, repository);
    return stateIn(await pgBackRestInfo(access, { signal, repository: repository.key }), repository.key);
  } catch (error) {
    return { kind: 'unreachable', ...whyOf(error, signal) };
  }
}

/**
 * A stanza without backups is what creating one leaves, in the very repository that it was created in. A repository without the
 * stanza may be any directory.
 */
function stateIn(info: StanzaInfo, key: number): ArchiveState {
  const found = info.repositories.find((each) => each.key === key);
  switch (found?.state ?? 'no-stanza') {
    case 'ok':
      return { kind: 'backups', newest: newestOf(info, key) };
    case 'no-backup':
      return { kind: 'empty' };
    case 'other':
      return { kind: 'unreachable', reason: found?.message ?? NO_STANZA.reason, mayPass: true };
    case 'no-stanza':
      break;
  }
  return { kind: 'unreachable', ...NO_STANZA };
}

/** Of each cluster. */
function newestOf(info: StanzaInfo, key: number): ClusterBackup[] {
  const newest = new Map<string, ClusterBackup>();
  for (const { label, databaseId } of backupsIn(info, key)) {
    const cluster = info.clusters.find(({ id, repository }) => id === databaseId && repository === key);
    if (cluster) newest.set(cluster.systemId, { systemId: cluster.systemId, label }); // the last one is the newest
  }
  return [...newest.values()];
}

const NO_STANZA: Obstacle = {
  reason: 'it does not have the stanza, and so does a directory where nothing is mounted',
  mayPass: true,
};

const silent = (repository: string, why: Obstacle): Archives[number] => ({ repository, kind: 'unreachable', ...why });

function whyOf(error: unknown, signal: AbortSignal): Obstacle {
  signal.throwIfAborted();
  if (!(error instanceof HoldfastError)) throw error;
  return { reason: error.message, mayPass: error.retry !== 'never' };
}
