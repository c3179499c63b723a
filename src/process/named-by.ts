// Whether some process was started with a path among its arguments: that of a run that died may go on for a moment, and write there.

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Duration } from '../domain/duration.ts';
import { isWithin } from '../lib/path.ts';

/** It, or what is in it, as an argument or as the value of an option (`--target=PATH`); by those that this user can see. */
export function isNamedBySome(path: string): boolean {
  const names = naming(path);
  return readdirSync('/proc').some((entry) => /^\d+$/.test(entry) && argumentsOf(entry).some(names));
}

const naming =
  (path: string) =>
  (argument: string): boolean =>
    isWithin(path, argument.replace(/^--?[\w-]+=/, ''));

function argumentsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return []; // it has ended meanwhile
  }
}

/** Nothing tells when a process ends that is no child of ours: it is looked again and again, for as long as the patience lasts. */
export async function untilNamedByNobody(path: string, patience: Duration): Promise<void> {
  const end = performance.now() + patience;
  while (isNamedBySome(path) && performance.now() < end) await delay(50); // oxlint-disable-line no-await-in-loop -- see above
}

/** Whether that process was started with the path, or what is in it, among its arguments. */
export const isNamedBy = (pid: number, path: string): boolean => argumentsOf(String(pid)).some(naming(path));
