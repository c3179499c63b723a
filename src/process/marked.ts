// Processes that were started with a mark of ours among their arguments. What a program leaves behind when it dies alone is ended
// by it, and nothing else is.

import type { Duration } from '../domain/duration.ts';
import { errnoOf } from '../lib/errors.ts';
import { argumentsOf, processesThat, untilNone } from './processes.ts';

/** SIGTERM, and SIGKILL to what lives after `grace`. Answers with how many there were. */
export async function endMarked(argument: string, grace: Duration, signal: AbortSignal): Promise<number> {
  const marked = (): number[] => processesThat((pid) => argumentsOf(pid).includes(argument));
  const found = marked();
  for (const pid of found) end(pid, 'SIGTERM');
  for (const pid of await untilNone(marked, grace, signal)) end(pid, 'SIGKILL');
  return found.length;
}

function end(pid: number, how: NodeJS.Signals): void {
  try {
    process.kill(pid, how);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}
