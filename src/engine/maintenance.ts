// Maintenance (removing snapshots, freeing data) runs as the repository's owner: what root writes into somebody else's
// repository locks its owner out. And it passes dead processes' locks, which would otherwise block it for ever; never live ones.

import { readFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import type { RepositoryConfig, SecretSource } from '../config/configuration.ts';
import { localDirectory } from '../config/repository-url.ts';
import type { StepContext } from '../domain/plan.ts';
import { errnoOf, HoldfastError } from '../lib/errors.ts';
import { processExists } from '../process/identity.ts';
import { runProcess } from '../process/run-process.ts';
import { passwordFile } from '../repositories/access.ts';
import type { ResticAccess } from '../tools/restic/access.ts';
import { describeHolder, parseLockHolder } from '../tools/restic/classify.ts';
import { resticUnlock } from '../tools/restic/unlock.ts';
import { foreignEntry } from '../tools/util-linux/probe.ts';
import { type Owner, ownerOf } from '../tools/util-linux/stat.ts';
import { accessTo, type Toolbox } from './toolbox.ts';

type MaintenanceContext = Pick<StepContext, 'signal' | 'warn'>;

/** Does one piece of work on a repository; it may be done twice when a stale lock stood in the way of the first. */
export type Maintenance = <T>(work: (access: ResticAccess) => Promise<T>) => Promise<T>;

/**
 * Work as the owner of a local repository's `config` when we are root and it is not root's, otherwise as ourselves. Throws
 * `repository-unreachable` when the owner cannot be known, `secret-unreadable` when the password cannot.
 */
export async function maintenanceOf(
  toolbox: Toolbox,
  repository: RepositoryConfig,
  context: MaintenanceContext,
): Promise<Maintenance> {
  const own = await accessTo(toolbox, repository);
  const owner = await foreignOwner(toolbox, repository, context.signal);
  const access = owner === null ? own : await accessAs(owner, own, repository, context.signal);
  const attempt: Maintenance = async (work) => {
    try {
      return await work(access);
    } catch (error) {
      throw owner === null ? error : await ownershipError(error, owner, repository, context.signal);
    }
  };
  return async (work) => {
    try {
      return await attempt(work);
    } catch (error) {
      if (!(await clearedStaleLocks(error, own, toolbox, context))) throw error;
      return await attempt(work);
    }
  };
}

async function foreignOwner(toolbox: Toolbox, repository: RepositoryConfig, signal: AbortSignal): Promise<Owner | null> {
  const directory = toolbox.user.uid === 0 ? localDirectory(repository.url) : null;
  const owner = directory === null ? null : await ownerOf(`${directory}/config`, signal);
  return owner?.uid === 0 ? null : owner; // without a config: restic tells what is wrong in its own words
}

/** The owner may not be able to read the password, so it is given on standard input; the cache, which is ours, is left out. */
async function accessAs(
  owner: Owner,
  access: ResticAccess,
  repository: RepositoryConfig,
  signal: AbortSignal,
): Promise<ResticAccess> {
  const { RESTIC_PASSWORD_FILE: _file, RESTIC_PASSWORD_COMMAND: _command, ...env } = access.env;
  const password = (await readPassword(repository.name, repository.password, signal)).trim(); // as restic does
  return { ...access, env, runAs: owner, password };
}

async function readPassword(repository: string, source: SecretSource, signal: AbortSignal): Promise<string> {
  const unreadable = (message: string, cause?: unknown): HoldfastError =>
    new HoldfastError({
      code: 'secret-unreadable',
      operation: 'read the password of',
      subject: repository,
      message,
      hint: 'Nothing was removed. Try it: `holdfast repository check-access NAME`.',
      retry: 'later',
      cause,
    });
  if (source.kind === 'command') {
    const options = { signal, verbatim: true }; // it is used as it is, and never shown
    const { exitCode, stdout } = await runProcess(
      { argv: source.argv, operation: 'read the password of', subject: repository },
      options,
    );
    if (exitCode === 0) return stdout;
    throw unreadable(`the password command ${source.argv[0]} ended with exit code ${exitCode}`);
  }
  const file = passwordFile(repository, source) ?? '';
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw unreadable(`${file}: ${errnoOf(error) ?? 'cannot be read'}`, error);
  }
}

/**
 * Whether locks were cleared, so that trying again is worth it. restic holds a lock for stale when it is older than 30 minutes
 * or when it cannot signal its process on this host: which is so of every other user's living process too, unless it asks as
 * root. So it asks as ourselves, never as the repository's owner, and only where that answer is right.
 */
async function clearedStaleLocks(
  error: unknown,
  own: ResticAccess,
  toolbox: Toolbox,
  context: MaintenanceContext,
): Promise<boolean> {
  if (!(error instanceof HoldfastError) || error.code !== 'repository-locked') return false;
  const holder = parseLockHolder(error.tool?.stderrTail ?? []);
  if (!holder) return false;
  const local = holder.host === hostname();
  if (local && processExists(holder.pid)) return false;
  if (toolbox.user.uid !== 0 && !(local && holder.user === ownName())) return false;
  const cleared = await resticUnlock(own, { signal: context.signal });
  if (cleared === 0) return false;
  context.warn(
    `cleared ${cleared === 1 ? 'a stale lock' : `${cleared} stale locks`}: ${describeHolder(holder)}, which is gone`,
  );
  return true;
}

/** As restic writes it into its locks: empty for a uid without a name. */
function ownName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return '';
  }
}

/** What the owner cannot read looks like damage to restic; where root's own files are in the way, it is told as that. */
async function ownershipError(
  error: unknown,
  owner: Owner,
  repository: RepositoryConfig,
  signal: AbortSignal,
): Promise<unknown> {
  const unreadable = error instanceof HoldfastError && ['permission-denied', 'repository-damaged'].includes(error.code);
  const directory = localDirectory(repository.url);
  if (!unreadable || directory === null) return error;
  const entry = await foreignEntry(directory, owner.uid, signal);
  if (entry === null) return error;
  return new HoldfastError({
    code: 'permission-denied',
    operation: error.operation,
    subject: error.subject,
    message: `uid ${owner.uid} owns the repository, but not ${entry}: ${error.message}`,
    hint: `Give its owner everything in it: chown -R ${owner.uid}:${owner.gid} ${directory}. Let backups run as that user, or use a REST server.`,
    retry: 'later',
    tool: error.tool,
    cause: error,
  });
}
