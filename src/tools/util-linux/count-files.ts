// Files and their sizes in directories, in one child that can be killed: as they are seen, or as they would be without what is
// mounted over them, which a private mount namespace shows while nothing is unmounted.

import { duration } from '../../domain/duration.ts';
import type { Measured } from '../../domain/mount-beneath.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';

/** In each directory; beyond it nobody needs to know how many there are. */
const MOST = 100_000;

// "$@" is MOST DIRECTORY ..., relative to where it is. Directories alone are where other things are mounted, and no data.
const COUNT = String.raw`most=$1; shift
for directory; do
  echo in
  [ ! -d "./$directory" ] || find "./$directory" -xdev -mindepth 1 ! -type d -printf '%s\n' | head -n "$most"
done`;
// "$@" is FILESYSTEM MOST DIRECTORY ...; the bind is not recursive: what is mounted below is not in it.
const COUNT_BENEATH = `mount --bind "$1" /tmp && cd /tmp || exit 97; shift; ${COUNT}`;

type Argv = readonly [string, ...string[]];

export const countArgs = (directories: readonly string[], most = MOST): Argv => [
  'sh',
  '-c',
  COUNT,
  'sh',
  String(most + 1),
  ...directories,
];

export const countBeneathArgs = (fileSystem: string, directories: readonly string[], most = MOST): Argv => [
  'unshare',
  '--mount',
  '--propagation',
  'private',
  'sh',
  '-c',
  COUNT_BENEATH,
  'sh',
  fileSystem,
  String(most + 1),
  ...directories,
];

/** One for each directory. */
export const parseCounts = (stdout: string, most = MOST): Measured[] =>
  stdout
    .split(/^in\n/m)
    .slice(1)
    .map((sizes) => sizes.split('\n').filter((line) => line !== ''))
    .map((sizes) => ({
      files: Math.min(sizes.length, most),
      bytes: sizes.slice(0, most).reduce((sum, size) => sum + Number(size), 0),
      more: sizes.length > most,
    }));

/** In absolute directories, each within its own file system. Throws `tool-failed` or `timed-out`. */
export const countFiles = (directories: readonly string[], signal: AbortSignal): Promise<Measured[]> =>
  count(countArgs(directories), directories, signal);

/** In directories relative to the mount point of a file system, without what is mounted in it. Needs root. Throws as `countFiles`. */
export const countBeneath = (fileSystem: string, directories: readonly string[], signal: AbortSignal): Promise<Measured[]> =>
  count(countBeneathArgs(fileSystem, directories), directories, signal);

async function count(argv: Argv, directories: readonly string[], signal: AbortSignal): Promise<Measured[]> {
  const operation = 'count the files in';
  const subject = directories.map((directory) => directory || '/').join(', ');
  const { exitCode, stdout, stderrTail } = await runProcess(
    { argv, operation, subject, cwd: '/', env: { LC_ALL: 'C' } },
    { signal, timeout: duration(15, 's'), grace: duration(1, 's') },
  );
  const counts = parseCounts(stdout);
  if (exitCode === 0 && counts.length === directories.length) return counts;
  throw new HoldfastError({
    code: 'tool-failed',
    operation,
    subject,
    message: stderrTail[0] ?? `${argv[0]} ended with ${exitCode}`,
    tool: { name: argv[0], exitCode, stderrTail },
  });
}
