// Which clusters the repositories of a server hold backups of, as a recovery weighs it: "it answered, and holds nothing" is told only of
// one that shows that it is the one that was set up.

import { lstat } from 'node:fs/promises';
import type { PostgresConfig, PostgresRepositoryConfig } from '../../config/configuration.ts';
import type { ArchiveState, ClusterBackup, ClusterObservation, Obstacle } from '../../domain/postgres-recovery.ts';
import { nameOfRepository } from '../../domain/postgres-repository.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { pgBackRestInfo, type StanzaInfo } from '../../tools/pgbackrest/info.ts';
import type { PgBackRest } from '../../tools/pgbackrest/invoke.ts';
import { requireMounted } from './mounted.ts';
import { isMarkedNew } from './new-mark.ts';
import { backupsIn } from './open-archive.ts';
import { configurationFile } from './wanted-configuration.ts';

type Archives = ClusterObservation['archives'];

/** Each by itself: one that hangs says nothing of the others. */
export async function heldBy(access: PgBackRest, postgres: PostgresConfig, signal: AbortSignal): Promise<Archives> {
  try {
    const untold = await untoldOf(access.subject, postgres);
    if (untold !== null) return postgres.repositories.map(({ name }) => silent(name, untold));
    if (postgres.repositories.length > 0)
      return await Promise.all(
        postgres.repositories.map(async (repository) => ({
          repository: repository.name,
          ...(await askOne(access, repository, postgres.stanza, signal)),
        })),
      );
    const info = await pgBackRestInfo(access, { signal });
    return info.repositories.length === 0
      ? [silent('pgbackrest', NO_STANZA)]
      : info.repositories.map(({ key }) => ({ repository: nameOfRepository(key), ...stateIn(info, key) }));
  } catch (error) {
    return [silent('pgbackrest', obstacleOf(error, signal))];
  }
}

/** As on a new machine: pgBackRest would look where it looks by itself, and find nothing. */
export async function untoldOf(service: string, postgres: PostgresConfig): Promise<Obstacle | null> {
  const file = configurationFile(postgres);
  if (postgres.repositories.length === 0 || (await isThere(file))) return null;
  return {
    reason: `${file}, which tells pgBackRest of it, is not there: holdfast postgres configure ${service}`,
    mayPass: false,
  };
}

/** What cannot be seen may be there. */
const isThere = async (file: string): Promise<boolean> =>
  await lstat(file).then(
    () => true,
    (error: unknown) => errnoOf(error) !== 'ENOENT',
  );

async function askOne(
  access: PgBackRest,
  repository: PostgresRepositoryConfig,
  stanza: string,
  signal: AbortSignal,
): Promise<ArchiveState> {
  try {
    await requireMounted(access.subject, repository);
    const state = stateIn(await pgBackRestInfo(access, { signal, repository: repository.key }), repository.key);
    if (state !== WITHOUT_STANZA) return state;
    return (await isMarkedNew(repository, stanza, access.user, signal))
      ? { kind: 'empty' }
      : { kind: 'unreachable', ...NO_STANZA, mayBeNew: true };
  } catch (error) {
    return { kind: 'unreachable', ...obstacleOf(error, signal) };
  }
}

/**
 * A stanza without backups is what creating one leaves, in the very repository that it was created in. A repository without the
 * stanza may be any directory, unless somebody has said there that its server is new.
 */
function stateIn(info: StanzaInfo, key: number): ArchiveState {
  const found = info.repositories.find((each) => each.key === key);
  switch (found?.state ?? 'no-stanza') {
    case 'ok':
      return { kind: 'backups', newest: newestOf(info, key) };
    case 'no-backup':
      return { kind: 'empty' };
    case 'other':
      return { kind: 'unreachable', reason: found?.message ?? NO_STANZA.reason, mayPass: found?.garbled !== true };
    case 'no-stanza':
      break;
  }
  return WITHOUT_STANZA;
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

const WITHOUT_STANZA: ArchiveState = { kind: 'unreachable', ...NO_STANZA };

const silent = (repository: string, why: Obstacle): Archives[number] => ({ repository, kind: 'unreachable', ...why });

export function obstacleOf(error: unknown, signal: AbortSignal): Obstacle {
  signal.throwIfAborted();
  if (!(error instanceof HoldfastError)) throw error;
  return { reason: error.message, mayPass: error.retry !== 'never' };
}
