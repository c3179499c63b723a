// Whether processes do anything: told by the time of the processor that they use. What waits for a dead file system, a lock or a network
// uses none; whatever goes on, however slowly, uses some.

import { readdirSync, readFileSync } from 'node:fs';
import type { Duration } from '../domain/duration.ts';

interface Ticks {
  readonly parent: number;
  /** Of its own and of those of its children that it has waited for. */
  readonly ticks: number;
}

/** Hundredths of a second, of these processes and everything that they have started. 0 where none of them lives. */
export function processorTime(pids: readonly number[]): number {
  const all = new Map<number, Ticks>();
  for (const name of readdirSync('/proc')) {
    const found = /^\d+$/.test(name) ? ticksOf(name) : null;
    if (found) all.set(Number(name), found);
  }
  const wanted = new Set(pids);
  let total = 0;
  for (const pid of all.keys()) if (descends(pid, wanted, all)) total += all.get(pid)?.ticks ?? 0;
  return total;
}

function descends(pid: number, from: ReadonlySet<number>, all: ReadonlyMap<number, Ticks>): boolean {
  for (let each: number | undefined = pid; each !== undefined && each > 1; each = all.get(each)?.parent)
    if (from.has(each)) return true;
  return false;
}

/** A child whose command line has these words; null where there is none. */
export function childOf(parent: number, words: RegExp): number | null {
  for (const name of readdirSync('/proc'))
    if (/^\d+$/.test(name) && ticksOf(name)?.parent === parent && words.test(commandOf(name))) return Number(name);
  return null;
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return ''; // it has ended meanwhile
  }
}

/** From /proc/PID/stat; the name in it may hold anything. */
function ticksOf(pid: string): Ticks | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const [own, system, children, theirs] = [11, 12, 13, 14].map((index) => Number(fields[index]));
    return { parent: Number(fields[1]), ticks: (own ?? 0) + (system ?? 0) + (children ?? 0) + (theirs ?? 0) };
  } catch {
    return null; // it has ended meanwhile
  }
}

/** Notices when nothing is done any more. A server that waits does a little, too: that is not enough. */
export class Activity {
  readonly #measure: () => number;
  #counted: number;
  #since: number;

  constructor(measure: () => number, now = performance.now()) {
    this.#measure = measure;
    this.#counted = measure();
    this.#since = now;
  }

  /** Something was said or done, whatever it took. */
  note(now = performance.now()): void {
    this.#since = now;
  }

  /** For how many milliseconds nothing worth the name was done. */
  idle(now = performance.now()): number {
    const measured = this.#measure();
    if (measured < this.#counted || measured - this.#counted >= WORTH_THE_NAME) {
      this.#counted = measured;
      this.#since = now;
    }
    return now - this.#since;
  }
}

/** Tells, once, when nothing was done for so long. Disposing ends the watch. */
export function watchIdle(activity: Activity, limit: Duration, tell: () => void): Disposable {
  const timer = setInterval(
    () => {
      if (activity.idle() <= limit) return;
      clearInterval(timer);
      tell();
    },
    Math.min(limit / 10, LONGEST_LOOK),
  );
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

const LONGEST_LOOK = 60_000; // milliseconds

/** Hundredths of a second within the whole time that one waits for. */
const WORTH_THE_NAME = 10;
