// When something below a directory was last written: by the times of its files, without leaving its file system.

import { type Duration, duration } from '../../domain/duration.ts';
import type { Instant } from '../../domain/instant.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';

const LIMIT: Duration = duration(10, 's');

export const newestWriteArgs = (path: string): readonly [string, ...string[]] => [
  'find',
  path,
  '-xdev',
  '-printf',
  String.raw`%T@\n`,
];

/** Null where that would take too long, or cannot be known. */
export async function newestWrite(path: string, signal: AbortSignal): Promise<Instant | null> {
  let newest = 0;
  try {
    const { exitCode } = await runProcess(
      { argv: newestWriteArgs(path), operation: 'look through', subject: path },
      {
        signal,
        timeout: LIMIT,
        onLine: (line) => {
          newest = Math.max(newest, Number(line));
        },
      },
    );
    return exitCode === 0 && newest > 0 ? (Math.round(newest * 1000) as Instant) : null;
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'timed-out') return null;
    throw error;
  }
}
