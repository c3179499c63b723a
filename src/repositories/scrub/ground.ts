// The place a scrub stands on: the directories of one repository on one file system. A mount that vanishes leaves an empty
// directory behind, in which nothing is damaged and nothing is there: that must never be read as an answer.

import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Flaw } from '../../domain/verification.ts';
import { untilAborted } from '../../lib/abort.ts';
import { errnoOf, HoldfastError } from '../../lib/errors.ts';
import { DIRECTORIES } from './repository-files.ts';

export interface Ground {
  readonly directory: string;
  /** The same for one repository wherever it is mounted; empty when its config is gone. */
  readonly identity: string;
  /** Null when it cannot be read. */
  readonly configBytes: number | null;
  /** Directories that every repository has, and this one has not. */
  readonly absent: readonly string[];
  /** By path below it: device and inode. */
  readonly places: ReadonlyMap<string, string>;
}

/** Throws `repository-missing` when there is nothing of a repository, `repository-unreachable` when that cannot be known. */
export async function standOn(directory: string, subject: string, signal: AbortSignal): Promise<Ground> {
  const places = await placesOf(directory, subject, signal);
  const absent = DIRECTORIES.filter((name) => !places.has(name));
  const config = await untilAborted(readConfig(directory, subject), signal);
  if (config === null && absent.length > 2)
    throw new HoldfastError({
      code: 'repository-missing',
      operation: 'read the files of',
      subject,
      message: places.has('.') ? `${directory} holds no restic repository` : `${directory} does not exist`,
      hint: 'If it should be there, find out why it is gone before anything else: is its disk mounted?',
      retry: 'later',
    });
  return {
    directory,
    identity: config === null ? '' : createHash('sha256').update(config).digest('hex'),
    configBytes: config?.length ?? null,
    absent,
    places,
  };
}

/** restic seals what it writes: a nonce of 16 bytes before it and a code of 16 bytes behind it. */
const SEAL = 32;

/** The config has no name to compare with: only that it cannot be one is seen. */
export function flawsOfGround({ configBytes, absent }: Ground): Flaw[] {
  return [
    ...(configBytes === null ? [{ item: 'config', problem: 'missing' } as const] : []),
    ...(configBytes !== null && configBytes < SEAL ? [{ item: 'config', problem: 'damaged' } as const] : []),
    ...(absent.length > 0 ? [{ item: 'structure', problem: 'missing' } as const] : []),
  ];
}

/** Throws `repository-unreachable` when something else is there now, or nothing. */
export async function assertStanding(ground: Ground, subject: string, signal: AbortSignal): Promise<void> {
  const now = await placesOf(ground.directory, subject, signal);
  for (const [name, place] of ground.places) {
    if (now.get(name) === place) continue;
    const what = now.has(name) ? 'is on another file system, or another directory, now' : 'is gone';
    throw unreachable(subject, `${join(ground.directory, name)} ${what}: it was unmounted or replaced in the middle`);
  }
}

async function placesOf(directory: string, subject: string, signal: AbortSignal): Promise<Map<string, string>> {
  const look = async (name: string): Promise<readonly [string, string][]> => {
    try {
      const { dev, ino } = await stat(join(directory, name), { bigint: true });
      return [[name, `${dev}:${ino}`]];
    } catch (error) {
      if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
      throw unreadable(subject, join(directory, name), error);
    }
  };
  return new Map((await untilAborted(Promise.all(['.', ...DIRECTORIES].map(look)), signal)).flat());
}

async function readConfig(directory: string, subject: string): Promise<Buffer | null> {
  const path = join(directory, 'config');
  try {
    return await readFile(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw unreadable(subject, path, error);
  }
}

/** What may not be looked at is not known, and neither is what did not answer. */
export function unreadable(subject: string, path: string, error: unknown): HoldfastError {
  const errno = errnoOf(error);
  const denied = errno === 'EACCES' || errno === 'EPERM';
  if (!denied) return unreachable(subject, `${path}: ${errno ?? String(error)}`, error);
  return new HoldfastError({
    code: 'permission-denied',
    operation: 'read the files of',
    subject,
    message: `${path} may not be read by this user (${errno})`,
    hint: `See who may: ls -l ${path}. Run as that user, or as root.`,
    retry: 'later',
    cause: error,
  });
}

const unreachable = (subject: string, message: string, cause?: unknown): HoldfastError =>
  new HoldfastError({
    code: 'repository-unreachable',
    operation: 'read the files of',
    subject,
    message,
    hint: 'Look at the mount (findmnt, dmesg) and at the machine behind it. Nothing is known about what is stored there.',
    retry: 'later',
    cause,
  });
