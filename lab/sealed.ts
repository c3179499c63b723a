// Programs that must not outlive us, whatever they start or mount: namespaces of their own, which end with their first process,
// which ends with us.

import type { Command, ProcessResult } from '../src/process/run-process.ts';
import { duration } from '../src/domain/duration.ts';
import { run } from './command.ts';
import { groupOf, MOUNT, removeGroup } from './control-group.ts';

/**
 * Dies with the process that starts it, at once; `runProcess` would send SIGTERM, which some of these ignore. A parent that was
 * dead before the kernel was asked to watch it is not announced: it is looked for.
 */
const WHILE_PARENT_LIVES = '[ "$PPID" = "$0" ] && exec "$@"';
const WITH_US: readonly [string, ...string[]] = [
  'setpriv',
  '--pdeathsig',
  'KILL',
  '--',
  'sh',
  '-c',
  WHILE_PARENT_LIVES,
  String(process.pid),
];

/** Puts a program with all its descendants and mounts into namespaces that end with it. */
export const sealed = (argv: readonly string[]): [string, ...string[]] => [
  ...WITH_US,
  'unshare',
  '--mount',
  '--propagation',
  'private',
  '--pid',
  '--fork',
  '--kill-child=KILL',
  '--mount-proc',
  '--',
  ...argv,
];

export interface Long {
  /** Of the outermost process: its namespaces are those of the program, but for the one of pids. */
  readonly pid: number;
  /** Resolves when the program has ended, however that came. */
  readonly ended: Promise<ProcessResult>;
  /** SIGKILL to everything that belongs to it; resolves when that is gone. */
  kill(): Promise<void>;
}

// $1 is the control group. The pid is that of the process that this shell becomes.
const JOIN = `${MOUNT} && mkdir -p "$1" && echo $$ >"$1/cgroup.procs" || exit
shift; exec "$@"`;

export interface LongOptions {
  readonly runId: string;
  /** Of its control group. */
  readonly name: string;
  readonly onLine?: (line: string) => void;
}

/** Starts a program that stays; sealed, and in the control group of the run. */
export async function startLong(command: Command, { runId, name, onLine }: LongOptions): Promise<Long> {
  const started = Promise.withResolvers<number>();
  const end = new AbortController();
  const script = `echo $$; exec "$@"`;
  const inner = sealed(['sh', '-c', JOIN, 'sh', groupOf(runId, name), ...command.argv]);
  const ended = run(
    { ...command, argv: ['sh', '-c', script, 'sh', ...inner] },
    {
      anyExit: true,
      timeout: undefined, // it stays as long as it is wanted
      signal: end.signal,
      grace: duration(0, 'ms'),
      onLine: (line) => {
        started.resolve(Number(line)); // the first line; resolving again does nothing
        onLine?.(line);
      },
    },
  );
  ended.then(
    () => started.reject(new Error(`${command.argv[0]} ended at once`)),
    (error: unknown) => started.reject(error instanceof Error ? error : new Error(String(error))),
  );
  const pid = await started.promise;
  return {
    pid,
    ended,
    kill: async () => {
      end.abort(new Error('ended'));
      await ended.catch(() => {}); // that it was ended is no news
      await removeGroup(runId, name); // what was in the namespaces may take a moment longer, with its files still locked
    },
  };
}
