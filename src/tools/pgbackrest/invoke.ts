// One call of pgBackRest: as the user of the server, for one stanza, with its answer on standard output and nothing of it in a
// terminal. It never decides what is backed up. Its worker processes outlive it and hold its lock when it alone is ended: what
// is ended here is the whole group.

import { type Duration, duration } from '../../domain/duration.ts';
import { type IdleLimit, runProcess } from '../../process/run-process.ts';
import { asUser } from '../util-linux/as-user.ts';
import type { Owner } from '../util-linux/stat.ts';
import { classifyFailure } from './classify.ts';

export interface PgBackRest {
  /** A path, or a name on PATH. */
  readonly program: string;
  readonly stanza: string;
  /** Null: where pgBackRest looks by itself. */
  readonly configFile: string | null;
  /** Who runs the server: a repository that another one writes into cannot be read by the server again. */
  readonly user: Owner;
  /** What errors call the server: the service's name. */
  readonly subject: string;
}

export interface Invocation {
  /** The command and its options, without stanza and configuration. */
  readonly args: readonly string[];
  /** For errors: 'back up', 'check'. */
  readonly operation: string;
  /** The number of the repository that is meant; all of them when it is not there. */
  readonly repository?: number | undefined;
}

export interface PgBackRestOptions {
  readonly signal: AbortSignal;
  readonly timeout?: Duration | undefined;
  /** See runProcess. */
  readonly idle?: IdleLimit;
  readonly onErrorLine?: (line: string) => void;
}

export type Argv = readonly [string, ...string[]];

/** What it logs goes to standard error, in words; whatever its configuration says about that. */
const QUIET = ['--log-level-console=off', '--log-level-stderr=warn', '--no-log-timestamp'];

export function pgBackRestArgv(access: PgBackRest, { args, repository }: Omit<Invocation, 'operation'>): Argv {
  const [command = '', ...rest] = args;
  const program: Argv = [
    access.program,
    ...(access.configFile === null ? [] : [`--config=${access.configFile}`]),
    `--stanza=${access.stanza}`,
    ...(repository === undefined ? [] : [`--repo=${repository}`]),
    ...QUIET,
    command,
    ...rest,
  ];
  const [first, ...others] = [...asUser(access.user), ...program];
  return [first ?? access.program, ...others];
}

/** Variables that would silently choose another stanza, repository or server. */
export const pgBackRestEnvironment = (inherited: NodeJS.ProcessEnv = process.env): Record<string, undefined> =>
  Object.fromEntries(Object.keys(inherited).flatMap((name) => (name.startsWith('PGBACKREST_') ? [[name, undefined]] : [])));

/** A worker that writes a large file looks at its parent only now and then. */
const GRACE = duration(20, 's');

/** Standard output. Throws the classified error unless it ends with 0; of `info` that says nothing yet. */
export async function invokePgBackRest(
  access: PgBackRest,
  invocation: Invocation,
  options: PgBackRestOptions,
): Promise<string> {
  const { operation } = invocation;
  const { subject } = access;
  const { exitCode, endedBy, stdout, stderrTail } = await runProcess(
    {
      argv: pgBackRestArgv(access, invocation),
      operation,
      subject,
      env: { ...pgBackRestEnvironment(), LC_ALL: 'C' },
      cwd: '/', // where it is called need not be a place that the user of the server may be in
    },
    {
      signal: options.signal,
      timeout: options.timeout,
      idle: options.idle,
      grace: GRACE,
      verbatim: true,
      ...(options.onErrorLine ? { onErrorLine: options.onErrorLine } : {}),
    },
  );
  if (exitCode === 0) return stdout;
  throw classifyFailure({ operation, subject, exitCode, endedBy, stderrTail });
}
