// What was written below a directory since a moment: by the times at which entries were changed, which no program can set.

import type { Instant } from '../../domain/instant.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';

export interface Written {
  readonly entries: number;
  /** Some of them, below the directory. */
  readonly paths: readonly string[];
}

const MOST_PATHS = 20;

export const writtenSinceArgs = (directory: string, since: Instant): readonly [string, ...string[]] => [
  'find',
  directory,
  '-xdev',
  '-mindepth',
  '1',
  '-newerct',
  `@${(since / 1000).toFixed(3)}`,
  '-printf',
  String.raw`%P\n`,
];

/** What was removed since is not in it. Throws `tool-failed`. */
export async function writtenSince(directory: string, since: Instant, signal: AbortSignal): Promise<Written> {
  const paths: string[] = [];
  let entries = 0;
  const { exitCode, stderrTail } = await runProcess(
    { argv: writtenSinceArgs(directory, since), operation: 'look through', subject: directory, env: { LC_ALL: 'C' } },
    {
      signal,
      onLine: (line) => {
        entries += 1;
        if (paths.length < MOST_PATHS) paths.push(line);
      },
    },
  );
  if (exitCode === 0) return { entries, paths };
  throw new HoldfastError({
    code: 'tool-failed',
    operation: 'look through',
    subject: directory,
    message: stderrTail.at(-1) ?? `find ended with ${exitCode}`,
    tool: { name: 'find', exitCode, stderrTail },
  });
}
