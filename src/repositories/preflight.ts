// What can be known about a repository without opening it (an opening costs half a second of CPU; the backup's own answer
// tells the rest). Each check says what is wrong and what to do; none changes anything.

import type { RepositoryConfig } from '../config/configuration.ts';
import { localDirectory } from '../config/repository-url.ts';
import { describeBytes } from '../domain/bytes.ts';
import { type ErrorCode, HoldfastError } from '../lib/errors.ts';
import { findProgram } from '../process/find-program.ts';
import { probeFile } from '../tools/util-linux/read-file.ts';
import { freeSpace, pathExists } from '../tools/util-linux/stat.ts';
import { passwordFile } from './access.ts';
import { mountPoints } from './mounts.ts';

/** Throws the first thing that stands in the way: password, mount, reachability, initialisation, free space. */
export async function checkRepository(repository: RepositoryConfig, signal: AbortSignal): Promise<void> {
  const looks = await Promise.allSettled([checkPassword(repository, signal), checkPlace(repository, signal)]);
  for (const look of looks) if (look.status === 'rejected') throw look.reason;
}

async function checkPlace(repository: RepositoryConfig, signal: AbortSignal): Promise<void> {
  await checkMount(repository);
  const directory = localDirectory(repository.url);
  if (directory === null) return;
  await checkInitialised(repository, directory, signal);
  await checkFreeSpace(repository, directory, signal);
}

/** The password can be read, as far as can be told without reading it. */
export async function checkPassword(repository: RepositoryConfig, signal: AbortSignal): Promise<void> {
  const { password } = repository;
  if (password.kind === 'command') {
    if (findProgram(password.argv[0])) return;
    throw problem(repository, 'secret-unreadable', `the password command ${password.argv[0]} does not exist`, PASSWORD_HINT);
  }
  const file = passwordFile(repository.name, password) ?? '';
  const facts = await probeFile(file, signal);
  if (facts === null)
    throw problem(repository, 'secret-unreadable', `the password file ${file} does not exist`, PASSWORD_HINT);
  if (!facts.readable) {
    const reason = `the password file ${file} cannot be read by this user (EACCES)`;
    throw problem(repository, 'secret-unreadable', reason, `See who may: ls -l ${file}. Run as that user, or as root.`);
  }
  if (facts.size === 0) throw problem(repository, 'secret-unreadable', `the password file ${file} is empty`, PASSWORD_HINT);
}

/** `mounted` is a mount point: an empty directory is not a NAS. */
export async function checkMount(repository: RepositoryConfig): Promise<void> {
  const { mounted } = repository;
  if (mounted === null || (await mountPoints()).has(mounted)) return;
  throw problem(
    repository,
    'not-mounted',
    `nothing is mounted at ${mounted}`,
    `Mount it (mount ${mounted}), or see why it is not: findmnt ${mounted}, journalctl -b -u '*.mount'. Nothing was written there.`,
  );
}

async function checkInitialised(repository: RepositoryConfig, directory: string, signal: AbortSignal): Promise<void> {
  if (await pathExists(`${directory}/config`, signal)) return;
  const missing = !(await pathExists(directory, signal));
  throw problem(
    repository,
    'repository-missing',
    missing ? `${directory} does not exist` : `${directory} holds no restic repository`,
    `If it should be there, find out why it is gone before anything else. If it is new: holdfast repository init ${repository.name}`,
  );
}

async function checkFreeSpace(repository: RepositoryConfig, directory: string, signal: AbortSignal): Promise<void> {
  if (repository.minFree === null) return;
  const free = await freeSpace(directory, signal);
  if (free >= repository.minFree) return;
  throw problem(
    repository,
    'no-space',
    `${describeBytes(free)} are free at ${directory}, ${describeBytes(repository.minFree)} are required`,
    'Free space there, let `holdfast retention apply` remove what the policy no longer keeps, or lower minFree.',
  );
}

const PASSWORD_HINT = 'Restore it from where you keep it safe: without the password nothing in this repository can be read.';

const problem = (repository: RepositoryConfig, code: ErrorCode, message: string, hint: string): HoldfastError =>
  new HoldfastError({ code, operation: 'use the repository', subject: repository.name, message, hint, retry: 'later' });
