// Repository housekeeping: clearing the locks of dead processes. Live locks always stay, and both are named.

import { hostname, userInfo } from 'node:os';
import type { Configuration, RepositoryConfig } from '../../config/configuration.ts';
import { duration } from '../../domain/duration.ts';
import { formatInstant } from '../../domain/instant.ts';
import { repositoryLock, stepId } from '../../domain/naming.ts';
import type { Plan, Step, StepResult } from '../../domain/plan.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { JsonObject } from '../../lib/json.ts';
import { processExists } from '../../process/identity.ts';
import { checkMount, checkPassword } from '../../repositories/preflight.ts';
import { type RepositoryLock, resticLocks } from '../../tools/restic/locks.ts';
import { resticUnlock } from '../../tools/restic/unlock.ts';
import { accessTo, type Toolbox } from '../toolbox.ts';

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
  run: ({ signal }) => unlock(repository, toolbox, signal),
});

async function unlock(repository: RepositoryConfig, toolbox: Toolbox, signal: AbortSignal): Promise<StepResult> {
  await checkPassword(repository, signal);
  await checkMount(repository);
  const access = await accessTo(toolbox, repository, signal);
  const before = await resticLocks(access, { signal });
  assertCanTell(repository, before.described, toolbox);
  const removed = before.ids.length === 0 ? 0 : await resticUnlock(access, { signal });
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
  const why =
    after.ids.length === 0
      ? 'it is not locked'
      : `no stale lock: ${after.described.map(describe).join(', ')} is alive or recent`;
  return { outcome: 'skipped', reason: why, result };
}

/** restic takes a process that it may not signal for dead: only root can tell about another user's. */
function assertCanTell(repository: RepositoryConfig, locks: readonly RepositoryLock[], { user }: Toolbox): void {
  if (user.uid === 0) return;
  const self = userInfo().username;
  const alive = locks.find((lock) => lock.host === hostname() && lock.user !== self && processExists(lock.pid));
  if (!alive) return;
  throw new HoldfastError({
    code: 'refused',
    operation: 'clear stale locks of',
    subject: repository.name,
    message: `${describe(alive)} seems to be alive, and its lock would be cleared with the stale ones`,
    hint: `Run as ${alive.user} or root, who can tell for sure.`,
  });
}

const describe = ({ pid, user, host, exclusive }: RepositoryLock): string =>
  `process ${pid} (${user}) on ${host}${exclusive ? ', exclusive' : ''}`;

const lockJson = (lock: RepositoryLock): JsonObject => ({
  ...lock,
  time: formatInstant(lock.time),
  describe: describe(lock),
});
