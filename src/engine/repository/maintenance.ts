// Maintenance (removing snapshots, freeing data) runs as the repository's owner: what root writes into somebody else's
// repository locks its owner out.

import { readFile } from 'node:fs/promises';
import type { RepositoryConfig, SecretSource } from '../../config/configuration.ts';
import { localDirectory } from '../../config/repository-url.ts';
import type { Duration } from '../../domain/duration.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';
import { passwordFile } from '../../repositories/access.ts';
import type { ResticAccess } from '../../tools/restic/access.ts';
import { foreignEntry } from '../../tools/util-linux/probe.ts';
import { type Owner, ownerOf } from '../../tools/util-linux/stat.ts';
import { type LockContext, pastLocks } from './restic-locks.ts';
import { accessTo, type Toolbox } from '../toolbox.ts';

/** Does one piece of work on a repository; it may be done twice when a lock stood in the way of the first. */
export type Maintenance = <T>(work: (access: ResticAccess, retryLock: Duration | undefined) => Promise<T>) => Promise<T>;

/**
 * Work as the owner of a local repository's `config` when we are root and it is not root's, otherwise as ourselves. Throws
 * `repository-unreachable` when the owner cannot be known, `secret-unreadable` when the password cannot.
 */
export async function maintenanceOf(
  toolbox: Toolbox,
  repository: RepositoryConfig,
  context: LockContext,
): Promise<Maintenance> {
  const own = await accessTo(toolbox, repository, context.signal);
  const owner = await foreignOwner(toolbox, repository, context.signal);
  const access = owner === null ? own : await accessAs(owner, own, repository, context.signal);
  return (work) =>
    pastLocks(own, context, async (retryLock) => {
      try {
        return await work(access, retryLock);
      } catch (error) {
        throw owner === null ? error : await ownershipError(error, owner, repository, context.signal);
      }
    });
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
