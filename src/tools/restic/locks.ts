// Who holds a repository: `restic list locks`, then `restic cat lock ID` for each. Nothing is removed here.
// An exclusive lock keeps even `cat lock` out (exit code 11); the refusal itself then says who holds it.

import * as z from 'zod';
import { type Instant, parseInstant } from '../../domain/instant.ts';
import { HoldfastError } from '../../lib/errors.ts';
import type { ResticAccess } from './access.ts';
import { parseLockHolder } from './classify.ts';
import { invokeRestic, type ResticOptions } from './invoke.ts';
import { parseDocument, unexpectedOutput } from './json-lines.ts';

export interface RepositoryLock {
  readonly id: string;
  /** When it was made or last refreshed (restic does so every 5 minutes). */
  readonly time: Instant;
  readonly exclusive: boolean;
  readonly host: string;
  readonly user: string;
  readonly pid: number;
}

export interface Locks {
  /** All ids. */
  readonly ids: readonly string[];
  /** The first MAX_DESCRIBED of them, as far as they could still be read when asked. */
  readonly described: readonly RepositoryLock[];
}

/** Each description opens the repository (0.5 s of CPU, 0.2 s of waiting); thousands of stale locks have been seen. */
export const MAX_DESCRIBED = 20;
const GONE = /no such file|does not exist|not found|no matching ID/i;
/** Left by an upload that was interrupted. One with something else in it is another message: it keeps every restic out. */
const EMPTY = /^LoadRaw\(<lock\/\w+>\): invalid data returned/;
const OPERATION = 'list the locks of';

const lockShape = z.object({
  time: z.string(),
  exclusive: z.boolean().default(false),
  hostname: z.string().default(''),
  username: z.string().default(''),
  pid: z.number().int(),
});

/** The ids, one a line. Throws `tool-output` for anything else. */
export function parseLockIds(stdout: string, subject: string): string[] {
  const lines = stdout.split('\n').filter((line) => line.trim() !== '');
  const odd = lines.find((line) => !/^[0-9a-f]{64}$/.test(line));
  if (odd !== undefined)
    throw unexpectedOutput(OPERATION, subject, `restic printed something else than lock ids: ${odd.slice(0, 120)}`);
  return lines;
}

export function parseLock(id: string, stdout: string, subject: string): RepositoryLock {
  const raw = parseDocument(stdout, lockShape, OPERATION, subject);
  const time = parseInstant(raw.time);
  if (time === null)
    throw unexpectedOutput(OPERATION, subject, `restic printed a lock with the time ${JSON.stringify(raw.time)}`);
  return { id, time, exclusive: raw.exclusive, host: raw.hostname, user: raw.username, pid: raw.pid };
}

/** Lists and describes locks. One that is released meanwhile is left out, and one that is empty, which restic ignores. */
export async function resticLocks(access: ResticAccess, options: ResticOptions): Promise<Locks> {
  const { stdout } = await invokeRestic(access, { args: ['list', 'locks'], operation: OPERATION, brief: true }, options);
  const ids = parseLockIds(stdout, access.subject);
  const described: RepositoryLock[] = [];
  for (const id of ids.slice(0, MAX_DESCRIBED)) {
    // oxlint-disable-next-line no-await-in-loop -- each opens the repository: one at a time
    const lock = await describeLock(access, id, options);
    if (lock) described.push(lock);
  }
  return { ids, described };
}

async function describeLock(access: ResticAccess, id: string, options: ResticOptions): Promise<RepositoryLock | null> {
  try {
    const { stdout } = await invokeRestic(access, { args: ['cat', 'lock', id], operation: OPERATION, brief: true }, options);
    return parseLock(id, stdout, access.subject);
  } catch (error) {
    if (error instanceof HoldfastError && error.tool?.stderrTail.some((line) => GONE.test(line) || EMPTY.test(line))) {
      return null;
    }
    if (error instanceof HoldfastError && error.code === 'repository-locked') {
      const holder = parseLockHolder(error.tool?.stderrTail ?? []);
      const time = parseInstant(holder?.createdAt ?? ''); // local time, as this process reads it too
      if (holder && time !== null) {
        return { id, time, exclusive: holder.exclusive, host: holder.host, user: holder.user, pid: holder.pid };
      }
    }
    throw error;
  }
}
