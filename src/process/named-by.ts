// Whether some process was started with a path among its arguments: that of a run that died may go on for a moment, and write there.

import type { Duration } from '../domain/duration.ts';
import { isWithin } from '../lib/path.ts';
import { argumentsOf, processesThat, untilNone } from './processes.ts';

/** It, or what is in it, as an argument or as the value of an option (`--target=PATH`). */
export const isNamedBy = (pid: number, path: string): boolean =>
  argumentsOf(pid).some((argument) => isWithin(path, argument.replace(/^--?[\w-]+=/, '')));

export const isNamedBySome = (path: string): boolean => namedBy(path).length > 0;

/** Looked at for as long as the patience lasts. */
export async function untilNamedByNobody(path: string, patience: Duration): Promise<void> {
  await untilNone(() => namedBy(path), patience);
}

const namedBy = (path: string): number[] => processesThat((pid) => isNamedBy(pid, path));
