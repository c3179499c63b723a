// Ending everything that a command started: its whole process group, first politely, then not.

import type { Duration } from '../domain/duration.ts';
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
