// The processes of this machine that this user can see, in one look at /proc, and waiting until some of them have ended.

import { readdirSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Duration } from '../domain/duration.ts';
import { errnoOf } from '../lib/errors.ts';

/** Those of which `matches` says so. */
export const processesThat = (matches: (pid: number) => boolean): number[] => allProcesses().filter(matches);

const allProcesses = (): number[] => readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));

/** Empty for one that has ended meanwhile. */
export function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return [];
  }
}

/** The first one whose working directory that is, by whichever name; null where there is none. */
export async function workingIn(directory: string): Promise<number | null> {
  const own = await stat(directory).catch(() => null);
  if (own === null) return null;
  for (const pid of allProcesses()) {
    const at = await stat(`/proc/${pid}/cwd`).catch(() => null); // oxlint-disable-line no-await-in-loop -- one may have ended meanwhile, or be somebody's whom we may not look at
    if (at?.ino === own.ino && at.dev === own.dev) return pid;
  }
  return null;
}

/**
 * Nothing tells when a process ends that is no child of ours: it is looked again and again, until none is left or `patience` is over.
 * Answers with those that are left.
 */
export async function untilNone(look: () => number[], patience: Duration, signal?: AbortSignal): Promise<number[]> {
  const end = performance.now() + patience;
  let left = look();
  while (left.length > 0 && performance.now() < end) {
    await delay(50, undefined, signal ? { signal } : {}); // oxlint-disable-line no-await-in-loop -- see above
    left = look();
  }
  return left;
}
