// One call of restic: the argv that every verb shares, the environment, and what happens when it does not succeed.
// The URL and the password never stand in argv. --no-lock is never used.

import { type Duration, duration, formatDuration } from '../../domain/duration.ts';
import { kibibytesPerSecond } from '../../domain/rate.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { findProgram } from '../../process/find-program.ts';
import { runProcess } from '../../process/run-process.ts';
import { type Argv, argvAs } from '../util-linux/as-user.ts';
import type { ResticAccess } from './access.ts';
import { classifyFailure } from './classify.ts';
import { plainLines } from './error-lines.ts';
import { Patience } from './patience.ts';

export type { Argv };

export interface ResticOptions {
  /** Ends restic's whole process group; its reason is thrown. */
  readonly signal: AbortSignal;
  readonly timeout?: Duration | undefined;
  /** Between SIGTERM and SIGKILL. */
  readonly grace?: Duration;
  /**
   * How long a repository may fail to answer before `repository-unreachable`; default 1 min. restic itself repeats every
   * failing request for 15 minutes, whether the server is down or the path is below a file.
   */
  readonly patience?: Duration;
  /** See runProcess. */
  readonly readAfter?: Promise<void>;
}

export interface Invocation {
  /** The verb and its arguments. */
  readonly args: readonly string[];
  /** For errors, in front of the repository's name: 'back up to', 'list the snapshots of'. */
  readonly operation: string;
  /** How long restic itself waits for a lock; without it a held lock is `repository-locked` at once. */
  readonly retryLock?: Duration | undefined;
  /** Exit codes that are not errors; default only 0. */
  readonly accept?: readonly number[];
  /** It is answered in seconds however large the repository is: without a `timeout` it has five minutes. */
  readonly brief?: boolean;
  /** False for verbs whose figures are only printed as text. */
  readonly json?: boolean;
  readonly onLine?: (line: string) => void;
  readonly onErrorLine?: (line: string) => void;
  /** Puts another program in front, for instance one that makes a private mount namespace. */
  readonly wrap?: ((argv: Argv) => Argv) | undefined;
}

export interface ResticResult {
  readonly exitCode: number;
  readonly stdout: string;
  /** Masked, as restic printed them. */
  readonly stderrTail: readonly string[];
}

const BRIEF_LIMIT = duration(5, 'm');

/** The whole argv of a call. */
export function resticArgv(access: ResticAccess, invocation: Pick<Invocation, 'args' | 'retryLock' | 'json'>): Argv {
  const { upload, download } = access.limits;
  const program: Argv = access.runAs ? argvAs(access.runAs, access.program, '--no-cache') : [access.program];
  return [
    ...program,
    ...(invocation.json === false ? [] : ['--json']),
    ...(upload === null ? [] : ['--limit-upload', String(kibibytesPerSecond(upload))]),
    ...(download === null ? [] : ['--limit-download', String(kibibytesPerSecond(download))]),
    ...(invocation.retryLock === undefined ? [] : ['--retry-lock', formatGoDuration(invocation.retryLock)]),
    ...invocation.args,
  ];
}

/** restic reads Go durations, which know no days. */
const formatGoDuration = (value: Duration): string => `${Math.max(1, Math.round(value / 1000))}s`;

/** Inherited variables that would silently select another host, repository or key. Those that only tune restic stay. */
const SELECTING = /^RESTIC_(?:REPOSITORY|PASSWORD|FROM_|KEY_HINT$|HOST$)/;

/** What is added to the child's environment; undefined takes a variable away. */
export function resticEnvironment(
  access: ResticAccess,
  inherited: NodeJS.ProcessEnv = process.env,
): Record<string, string | undefined> {
  const cleared = Object.keys(inherited).filter((name) => SELECTING.test(name));
  return { ...Object.fromEntries(cleared.map((name) => [name, undefined])), RESTIC_PROGRESS_FPS: '2', ...access.env };
}

/** Runs restic once. Throws the classified error unless the exit code is one of `accept`. */
export async function invokeRestic(
  access: ResticAccess,
  invocation: Invocation,
  options: ResticOptions,
): Promise<ResticResult> {
  const { operation } = invocation;
  const { subject } = access;
  const argv = resticArgv(access, invocation);
  using patience = new Patience(operation, subject, options.patience);
  const { onLine } = invocation;
  const timeout = options.timeout ?? (invocation.brief ? briefLimit(invocation) : undefined);
  const result = await runInPlainWords(
    invocation.brief && timeout !== undefined ? noAnswer(access, timeout) : {},
    {
      argv: invocation.wrap ? invocation.wrap(argv) : argv,
      operation,
      subject,
      env: resticEnvironment(access),
      ...(access.password === undefined ? {} : { stdin: `${access.password}\n` }),
      secrets: access.password === undefined ? access.secrets : [...access.secrets, access.password],
    },
    {
      signal: AbortSignal.any([options.signal, patience.signal]),
      timeout,
      readAfter: options.readAfter,
      verbatim: true, // stdout goes to a parser; a password such as 'summary' must not change what is parsed
      ...(options.grace === undefined ? {} : { grace: options.grace }),
      ...(onLine ? { onLine } : {}),
      onErrorLine: (line) => {
        patience.note(line);
        invocation.onErrorLine?.(line);
      },
    },
  );
  const { exitCode } = result;
  if (exitCode !== null && (invocation.accept ?? [0]).includes(exitCode)) {
    return { exitCode, stdout: result.stdout, stderrTail: result.stderrTail };
  }
  throw classifyFailure({ operation, subject, exitCode, endedBy: result.endedBy, stderrTail: result.stderrTail });
}

/** In milliseconds, as all durations. */
const briefLimit = ({ retryLock }: Invocation): Duration => (BRIEF_LIMIT + (retryLock ?? 0)) as Duration;

/** Nothing that the user could allow more time for: it should have answered long ago. */
const noAnswer = (access: ResticAccess, limit: Duration): { readonly message: string; readonly hint: string } => ({
  message: `restic (${findProgram(access.program) ?? access.program}) did not answer within ${formatDuration(limit)}`,
  hint: 'It hangs, or what it reads does: see the mount (findmnt, dmesg), the network and the machine behind it, then try again.',
});

/** When its time is up: what restic was saying until it was told to stop, as people read it. */
async function runInPlainWords(
  words: { readonly message?: string; readonly hint?: string },
  ...call: Parameters<typeof runProcess>
): ReturnType<typeof runProcess> {
  try {
    return await runProcess(...call);
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'timed-out' || !error.tool) throw error;
    const lines = plainLines(error.tool.stderrTail);
    const stopped = lines.findIndex((line) => /^signal \w+ received/.test(line));
    const stderrTail = stopped === -1 ? lines : lines.slice(0, stopped);
    const { code, operation, subject, message, hint, retry } = error;
    const tool = { name: 'restic', exitCode: error.tool.exitCode, stderrTail };
    throw new HoldfastError({ code, operation, subject, message, hint, retry, tool, cause: error, ...words });
  }
}
