// cp(1) of a whole directory with everything that it can keep: owners, modes, times, links, hard links, special files, extended
// attributes and access control lists; holes stay holes. It does not keep birth times and the flags of chattr(1): no file system is
// asked for those in one way. And du(1) and rm(1) of one.

import { type Bytes } from '../../domain/bytes.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';

type Argv = readonly [string, ...string[]];

/** What is in `from`, and its own attributes, into `to`, which is an empty directory. */
export const copyArgs = (from: string, to: string): Argv => [
  'cp',
  '--archive',
  '--sparse=always',
  '--one-file-system',
  '--',
  `${from}/.`,
  to,
];

/** A directory or file to a name that is free. What the file system can share instead of copying it is shared: so holes are only kept. */
export const cloneArgs = (from: string, to: string): Argv => [
  'cp',
  '--archive',
  '--reflink=auto',
  '--one-file-system',
  '--no-target-directory',
  '--',
  from,
  to,
];

/** As `copyTree`. */
export const cloneTree = async (from: string, to: string, signal: AbortSignal): Promise<void> =>
  void (await run(cloneArgs(from, to), 'copy', from, signal));

/** Throws `no-space` or `tool-failed`; what is there by then is half a copy. */
export const copyTree = async (from: string, to: string, signal: AbortSignal): Promise<void> =>
  void (await run(copyArgs(from, to), 'copy', from, signal));

/** What a directory takes on disk, without what is mounted in it. Throws `tool-failed`. */
export async function diskUsage(directory: string, signal: AbortSignal): Promise<Bytes> {
  const argv: Argv = ['du', '--summarize', '--one-file-system', '--block-size=1', '--', directory];
  return Number.parseInt(await run(argv, 'measure', directory, signal), 10) as Bytes;
}

/** Does not leave its file system. Throws `tool-failed`; then some of it is gone. */
export const removeTree = async (directory: string, signal: AbortSignal): Promise<void> =>
  void (await run(['rm', '--recursive', '--force', '--one-file-system', '--', directory], 'remove', directory, signal));

async function run(argv: Argv, operation: string, subject: string, signal: AbortSignal): Promise<string> {
  const { exitCode, stdout, stderrTail } = await runProcess(
    { argv, operation, subject, env: { LC_ALL: 'C' } },
    { signal, verbatim: true },
  );
  if (exitCode === 0) return stdout;
  const isFull = stderrTail.some((line) => /No space left|[Qq]uota exceeded/.test(line));
  const noLists = stderrTail.some((line) => line.includes('preserving permissions') && line.includes('not supported'));
  throw new HoldfastError({
    code: isFull ? 'no-space' : 'tool-failed',
    operation,
    subject,
    message: stderrTail.at(0) ?? `${argv[0]} ended with ${exitCode}`,
    hint: isFull
      ? 'See what takes the room: zfs list -o space'
      : noLists
        ? 'It has access control lists, which the dataset does not take as it is declared: properties: {acltype: posix, xattr: sa}.'
        : 'See what is said there; dmesg may tell more.',
    tool: { name: argv[0], exitCode, stderrTail },
  });
}
