// Processes that were started with a mark of ours among their arguments. What a program leaves behind when it dies alone is found
// by it, and nothing else is.

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Duration } from '../domain/duration.ts';
import { errnoOf } from '../lib/errors.ts';

/** Those that live, of which one of the arguments is `argument`. */
const markedBy = (argument: string): number[] =>
  readdirSync('/proc').flatMap((entry) => (/^\d+$/.test(entry) && isMarked(entry, argument) ? [Number(entry)] : []));

function isMarked(pid: string, argument: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(argument);
  } catch {
    return false; // it has ended meanwhile
  }
}

/** SIGTERM, and SIGKILL to what lives after `grace`. Answers with how many there were. */
export async function endMarked(argument: string, grace: Duration, signal: AbortSignal): Promise<number> {
  const found = markedBy(argument);
  for (const pid of found) end(pid, 'SIGTERM');
  const deadline = performance.now() + grace;
  while (markedBy(argument).length > 0 && performance.now() < deadline) {
    // oxlint-disable-next-line no-await-in-loop -- nothing tells when a process ends that is no child of ours
    await delay(50, undefined, { signal });
  }
  for (const pid of markedBy(argument)) end(pid, 'SIGKILL');
  return found.length;
}

function end(pid: number, how: NodeJS.Signals): void {
  try {
    process.kill(pid, how);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}
