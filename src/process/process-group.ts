// Ending everything that a command started: its whole process group, first politely, then not.

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { duration, type Duration } from '../domain/duration.ts';
import { errnoOf } from '../lib/errors.ts';

/** False when nobody is left in the group. */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false;
    if (errnoOf(error) === 'EPERM') return true; // somebody is there who is no longer ours to signal
    throw error;
  }
}

/**
 * SIGTERM now, SIGKILL after `grace`. Returns the disposable that takes the SIGKILL back: call it when the group's
 * leader and its pipes are gone.
 */
export function terminateGroup(leader: number, grace: Duration): Disposable {
  signalGroup(leader, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(leader, 'SIGKILL'), grace);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
}

/**
 * Waits until nobody lives in the group, at most `limit`. The kernel announces only the death of our own children, not of
 * theirs, so this looks again and again; it is reached only when a command left something behind.
 */
export async function groupGone(leader: number, limit: Duration): Promise<boolean> {
  const deadline = performance.now() + limit;
  while (hasLiving(leader)) {
    if (performance.now() > deadline) return false;
    // oxlint-disable-next-line no-await-in-loop -- one look after the other is the point
    await delay(duration(20, 'ms'));
  }
  return true;
}

/** Zombies do not count: where nobody reaps orphans (a container without an init) they stay for ever. */
function hasLiving(leader: number): boolean {
  if (!signalGroup(leader, 0)) return false;
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(group) === leader && state !== 'Z' && state !== 'X';
    } catch {
      return false; // ended meanwhile
    }
  });
}
