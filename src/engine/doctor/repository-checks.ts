// Each repository: password, mount, reachability, free space, whether it opens, locks, owners. This is the place where
// opening one just to look is right.

import { join } from 'node:path';
import type { RepositoryConfig } from '../../config/configuration.ts';
import { localDirectory } from '../../config/repository-url.ts';
import { describeDuration, duration } from '../../domain/duration.ts';
import { elapsed, type Instant } from '../../domain/instant.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { resticAccess } from '../../repositories/access.ts';
import { checkRepository } from '../../repositories/preflight.ts';
import { resticConfig } from '../../tools/restic/cat-config.ts';
import { nameHolder } from '../../tools/restic/classify.ts';
import { type RepositoryLock, resticLocks } from '../../tools/restic/locks.ts';
import { describeBytes } from '../../domain/bytes.ts';
import { foreignEntry, probePath } from '../../tools/util-linux/probe.ts';
import { freeSpace } from '../../tools/util-linux/stat.ts';
import { fromHere, isStale } from '../repository/stale-locks.ts';
import { type Check, type DoctorInput, type Finding, ok, problem, problemOf, warning } from './check.ts';

/** Where there are many locks two dozen openings, each half a second of CPU, on a machine that may be busy. */
export const REPOSITORY_LIMIT = duration(2, 'm');
const PATIENCE = duration(20, 's');

export const repositoryChecks = (input: DoctorInput): Check[] =>
  [...input.config.repositories.values()].map((repository) => ({
    id: `repository:${repository.name}`,
    title: repository.name,
    limit: REPOSITORY_LIMIT,
    run: (signal) => examineRepository(repository, input, signal),
  }));

async function examineRepository(repository: RepositoryConfig, input: DoctorInput, signal: AbortSignal): Promise<Finding[]> {
  await checkRepository(repository, signal); // its first problem makes everything further meaningless
  const directory = localDirectory(repository.url);
  const opened = await open(repository, input, signal);
  const owners = directory === null ? [] : await checkOwners(directory, input, signal);
  const free = directory === null ? '' : `, ${describeBytes(await freeSpace(directory, signal))} free`;
  return opened.length + owners.length > 0 ? [...opened, ...owners] : [ok(`opens${free}, no stale lock`)];
}

/** Only what is wrong. */
async function open(
  repository: RepositoryConfig,
  { config, restic, clock }: DoctorInput,
  signal: AbortSignal,
): Promise<Finding[]> {
  const access = await resticAccess(repository, { program: restic, cacheDir: join(config.stateDir, 'cache'), signal });
  const options = { signal, patience: PATIENCE, grace: duration(2, 's') };
  try {
    await resticConfig(access, options);
    const { ids, described } = await resticLocks(access, options);
    const stale = described.filter((lock) => isStale(lock, fromHere(clock.now())));
    if (stale.length === 0) return [];
    const [first] = stale;
    const others = ids.length > 1 ? ` (${ids.length} locks in all)` : '';
    return [
      warning(`a stale lock${describeLock(first, clock.now())}${others}`, `holdfast repository unlock ${repository.name}`),
    ];
  } catch (error) {
    if (!(error instanceof HoldfastError) || signal.aborted) throw error;
    if (error.code !== 'repository-locked') return [problemOf(error)];
    return [
      problem(
        error.message,
        `If what holds it is dead: holdfast repository unlock ${repository.name} (it clears stale locks only)`,
      ),
    ];
  }
}

function describeLock(lock: RepositoryLock | undefined, now: Instant): string {
  if (lock === undefined) return '';
  const age = lock.time === null || lock.time > now ? '' : `, ${describeDuration(elapsed(lock.time, now))} old`;
  return ` of ${nameHolder(lock)}${age}`;
}

/** Files of several owners: one of them is locked out sooner or later. */
async function checkOwners(directory: string, { user }: DoctorInput, signal: AbortSignal): Promise<Finding[]> {
  const config = await probePath(join(directory, 'config'), signal);
  if (!config) return [];
  const foreign = await foreignEntry(directory, config.uid, signal);
  if (foreign !== null) {
    return [
      problem(
        `${foreign} does not belong to the owner of the repository (uid ${config.uid}), who may be locked out`,
        `chown -R ${config.uid} ${directory}`,
      ),
    ];
  }
  if (user.uid !== 0 && user.uid !== config.uid) {
    const detail = `it belongs to uid ${config.uid}, and this user (uid ${user.uid}) would write files of its own into it`;
    return [warning(detail, 'Run Holdfast as the owner of the repository, or as root.')];
  }
  return [];
}
