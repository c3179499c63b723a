// A server whose data is lost, and with it the repository of pgBackRest that lay on the same host: that comes back first, from its offsite
// copy, to where it was; the server is then put back out of it as out of any other, and archives into it.

import type { PostgresConfig, ServerCopy, ServiceConfig } from '../../config/configuration.ts';
import { formatInstant } from '../../domain/instant.ts';
import { repositoryLock } from '../../domain/naming.ts';
import type { Lock, StepContext, StepResult } from '../../domain/plan.ts';
import type { ClusterDecision, ClusterObservation } from '../../domain/postgres-recovery.ts';
import { nameOfRepository } from '../../domain/postgres-repository.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { contentOf } from '../../tools/util-linux/probe.ts';
import { pgBackRestOf } from '../postgres/access.ts';
import { untoldOf } from '../postgres/held-backups.ts';
import { requireMounted } from '../postgres/mounted.ts';
import { inPlaceStep } from '../restore/plan-restore.ts';
import type { Observed } from '../snapshots/observe-snapshots.ts';
import type { ClusterRecovery } from './cluster-step.ts';
import { noData, whatHides } from './look-at-paths.ts';
import { changedSince } from './refusal.ts';
import { withoutEmptyRemains } from './tidy.ts';

export interface RepositoryFirst {
  readonly reason: string;
  /** Of restic. */
  readonly repository: string;
  /** 'far (ab12cd34)' */
  readonly from: string;
  /** Of the copy, for programs. */
  readonly copy: JsonObject;
  readonly remarks: readonly string[];
  readonly locks: readonly Lock[];
  /** Brings it back, if it is still lost. Throws as a restore in place. */
  run(context: StepContext): Promise<StepResult>;
}

/** Where pgBackRest has a configuration of its own, its first is taken for the one that is copied. */
const FIRST = nameOfRepository(1);

/** Whether it is a repository that is missed, and this host knows of none. */
export const missesRepository = (seen: ClusterObservation, decision: ClusterDecision): boolean =>
  decision.action === 'block' && decision.code === 'repository-unreachable' && seen.receipt === null;

/**
 * Null where that is not what is to be done. A host that has backed the server up itself knows of a repository there, and an empty
 * directory in its place may be one where nothing is mounted: then it is for a person to say that it is gone.
 */
export async function repositoryFirst(
  service: ServiceConfig,
  postgres: PostgresConfig,
  { seen, decision }: { readonly seen: ClusterObservation; readonly decision: ClusterDecision },
  scene: ClusterRecovery,
): Promise<RepositoryFirst | null> {
  const { config, repositories, insist } = scene;
  const copy = service.backup?.serverCopy;
  if (!copy || !missesRepository(seen, decision)) return null;
  const others = seen.archives
    .map(({ repository }) => repository)
    .filter((name) => name !== (copy.repository?.name ?? FIRST));
  if (!insist && others.length > 0) return null; // what is merely away may hold more than the copy: whether to wait is for a person to say
  if ((await untoldOf(service.name, postgres)) !== null) return null; // it is told first: to read, and where to archive
  if (!(await isLost(service, copy, scene, scene.world.signal))) return null;
  const { chosen, remarks } = await repositories.copiesOf(service, config, { insist });
  if (chosen === null) return null;
  const { repository, snapshot } = chosen;
  const from = `${repository.name} (${snapshot.id.slice(0, 8)})`;
  const { id, time, summary } = snapshot;
  return {
    reason: `its data is gone, and the repository of pgBackRest in ${copy.path} as well: ${repository.name} has a copy of that`,
    repository: repository.name,
    from,
    copy: {
      source: 'repository',
      repository: repository.name,
      snapshotId: id,
      snapshotTime: formatInstant(time),
      files: summary?.totalFiles ?? null,
      bytes: summary?.bytesProcessed ?? null,
    },
    remarks: [
      ...remarks,
      ...(others.length === 0
        ? []
        : [`${others.join(' and ')} did not answer, and may hold more than the copy, which is of ${formatInstant(time)}`]),
    ],
    locks: [{ name: repositoryLock(repository.name), mode: 'shared' }],
    run: (context) => bringBack(service, postgres, copy, chosen, scene, context),
  };
}

/** Nothing is there, and that is no matter of what is not mounted. */
async function isLost(
  service: ServiceConfig,
  { path, repository }: ServerCopy,
  { config, mounts }: Pick<ClusterRecovery, 'config' | 'mounts'>,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    if (repository) await requireMounted(service.name, repository);
    if ((await whatHides(service, path, { config, mounts }, signal)) !== null) return false;
    return (await contentOf(path, noData(path), signal)) !== 'data';
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof HoldfastError)) throw error;
    return false; // what cannot be looked at is not known to be gone
  }
}

async function bringBack(
  service: ServiceConfig,
  postgres: PostgresConfig,
  copy: ServerCopy,
  chosen: Observed,
  scene: ClusterRecovery,
  context: StepContext,
): Promise<StepResult> {
  const { config, toolbox } = scene;
  const { signal } = context;
  if (!(await isLost(service, copy, scene, signal))) throw changedSince(service.name, `there is something in ${copy.path}`);
  const { user } = await pgBackRestOf({ service, postgres }, signal);
  const { step } = await inPlaceStep(
    {
      config,
      host: config.host,
      candidates: [],
      service: { ...service, unit: null }, // that is the server's, which does not run
      services: [...config.services.values()],
      repositories: [...config.repositories.values()],
    },
    { service: service.name, host: config.host, to: null, givenTo: user },
    chosen,
    toolbox,
  );
  context.progress({ message: `bringing the repository of pgBackRest back from ${chosen.repository.name}` });
  return await withoutEmptyRemains(await step.run(context)); // its locks are ours
}
