// Repository housekeeping: clearing the locks of dead processes. Live locks always stay, and both are named.

import type { Configuration, RepositoryConfig } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import { formatInstant } from '../../domain/instant.ts';
import { repositoryLock, stepId } from '../../domain/naming.ts';
import type { Plan, Step, StepContext, StepResult } from '../../domain/plan.ts';
import type { JsonObject } from '../../lib/json.ts';
import { checkMount, checkPassword } from '../../repositories/preflight.ts';
import { nameHolder } from '../../tools/restic/classify.ts';
import { type RepositoryLock, resticLocks } from '../../tools/restic/locks.ts';
import { accessTo, type Toolbox } from '../toolbox.ts';
import { clearStaleLocks, fromHere } from './stale-locks.ts';

/** A repository without a stale lock is `skipped`. */
export const planUnlock = (
  { host }: Pick<Configuration, 'host'>,
  repositories: readonly RepositoryConfig[],
  toolbox: Toolbox,
): Plan => ({
  kind: 'unlock',
  host,
  limits: {},
  steps: repositories.map((repository) => unlockStep(repository, toolbox)),
});

const unlockStep = (repository: RepositoryConfig, toolbox: Toolbox): Step => ({
  id: stepId.unlock(repository.name),
  title: `Clear stale locks of ${repository.name}`,
  stage: 'unlock',
  repository: repository.name,
  // Shared: what works on it at the moment has a live lock, which stays.
  locks: [{ name: repositoryLock(repository.name), mode: 'shared' }],
  timeout: duration(10, 'm'),
  weight: 'counted',
  run: (context) => unlock(repository, toolbox, context),
});

async function unlock(
  repository: RepositoryConfig,
  toolbox: Toolbox,
  { signal, now }: Pick<StepContext, 'signal' | 'now'>,
): Promise<StepResult> {
  await checkPassword(repository, signal);
  await checkMount(repository);
  const access = await accessTo(toolbox, repository, signal);
  const { before, removed } = await clearStaleLocks(access, fromHere(now()), { signal });
  const after = removed === 0 ? before : await resticLocks(access, { signal });
  const left = new Set(after.ids);
  const gone = before.described.filter(({ id }) => !left.has(id));
  const result = {
    repository: repository.name,
    removedCount: removed,
    removed: gone.map(lockJson),
    remainingCount: after.ids.length,
    remaining: after.described.map(lockJson),
  };
  if (removed > 0) return { outcome: 'succeeded', result };
  const alive = after.described.map(describe).join(', ');
  const why = alive === '' ? 'it is not locked' : `no stale lock: ${alive} is alive or recent`;
  return { outcome: 'skipped', reason: why, result };
}

const describe = (lock: RepositoryLock): string => `${nameHolder(lock)}${lock.exclusive ? ', exclusive' : ''}`;

const lockJson = (lock: RepositoryLock): JsonObject => ({
  ...lock,
  time: formatInstant(lock.time),
  describe: describe(lock),
});
