// The only place that starts a child process. It owns process groups, time limits, the grace between SIGTERM and SIGKILL,
// masking, and the tail of standard error. It never decides what an exit code means: the tool's own module does.

import { type ChildProcess, spawn } from 'node:child_process';
import { duration, type Duration, formatDuration } from '../domain/duration.ts';
import { errnoOf, HoldfastError } from '../lib/errors.ts';
import { findProgram } from './find-program.ts';
import { LineSplitter } from './lines.ts';
import { maskSecrets } from './mask.ts';
import { signalGroup, terminateGroup } from './process-group.ts';

export interface Command {
  /** The program and its arguments. Secrets never belong here: use `env` or `stdin`. */
  readonly argv: readonly [string, ...string[]];
  /** What is being done, to what: for errors. */
  readonly operation: string;
  readonly subject: string;
  /** Added to the inherited environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Written to standard input, which is otherwise empty. */
  readonly stdin?: string;
  /** Masked in everything that comes back. */
  readonly secrets?: readonly string[];
}

export interface ProcessOptions {
  /** Ends the whole process group; its reason, a HoldfastError, is then thrown: the first cause wins. */
  readonly signal: AbortSignal;
  readonly timeout?: Duration | undefined;
  /** Between SIGTERM and SIGKILL. Default 10 s. */
  readonly grace?: Duration;
  /** Given each line of standard output, which is then not collected. */
  readonly onLine?: (line: string) => void;
  /** Given each (masked) line of standard error. */
  readonly onErrorLine?: (line: string) => void;
}

export interface ProcessResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly endedBy: NodeJS.Signals | null;
  /** Masked; empty when `onLine` was given. */
  readonly stdout: string;
  /** The last lines of standard error, masked. */
  readonly stderrTail: readonly string[];
}

const TAIL_LINES = 20;
const MAX_STDOUT = 256 * 1024 * 1024;
const DEFAULT_GRACE = duration(10, 's');

/**
 * Runs a command to its end. Throws `tool-missing` when it is not installed, `timed-out` after `timeout`, the signal's
 * reason when cancelled, always after the whole process group is gone. A non-zero exit is a result, not an error.
 * If Holdfast itself is killed, the kernel sends the child SIGTERM (PR_SET_PDEATHSIG).
 */
export async function runProcess(command: Command, options: ProcessOptions): Promise<ProcessResult> {
  options.signal.throwIfAborted();
  const secrets = command.secrets ?? [];
  const timeLimit = options.timeout === undefined ? null : limitTime(command, options.timeout);
  using _limit = timeLimit;
  const signal = timeLimit ? AbortSignal.any([options.signal, timeLimit.signal]) : options.signal;

  const child = start(command);
  const tail: string[] = [];
  let stdout = '';
  const out = new LineSplitter((line) => {
    if (options.onLine) options.onLine(maskSecrets(line, secrets));
    else if (stdout.length < MAX_STDOUT) stdout += `${line}\n`;
  });
  const errors = new LineSplitter((line) => {
    const masked = maskSecrets(line, secrets);
    options.onErrorLine?.(masked);
    if (masked.trim() === '') return;
    tail.push(masked.slice(0, 2000));
    if (tail.length > TAIL_LINES) tail.shift();
  });

  const ended = await finish(child, command, { signal, grace: options.grace ?? DEFAULT_GRACE, out, errors });
  signal.throwIfAborted();
  return { ...ended, stdout: maskSecrets(stdout, secrets), stderrTail: tail };
}

interface Watched {
  readonly signal: AbortSignal;
  readonly grace: Duration;
  readonly out: LineSplitter;
  readonly errors: LineSplitter;
}

function start(command: Command): ChildProcess {
  const [name, ...args] = command.argv;
  const env: Record<string, string | undefined> = { ...process.env, ...command.env };
  const program = findProgram(name, env['PATH']);
  if (!program) throw toolMissing(command, name);
  const setpriv = findProgram('setpriv');
  const argv = setpriv ? [setpriv, '--pdeathsig', 'TERM', '--', program, ...args] : [program, ...args];
  const child = spawn(argv[0] ?? program, argv.slice(1), {
    detached: true, // its own group (and session), so that grandchildren can be signalled with it
    stdio: [command.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    env,
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
  });
  child.stdin?.on('error', () => {}); // EPIPE: the child did not want it; its exit code tells why
  child.stdin?.end(command.stdin);
  return child;
}

function finish(child: ChildProcess, command: Command, watched: Watched): Promise<Pick<ProcessResult, 'exitCode' | 'endedBy'>> {
  const { promise, resolve, reject } = Promise.withResolvers<Pick<ProcessResult, 'exitCode' | 'endedBy'>>();
  const { pid } = child;
  let kill: Disposable | null = null;
  const terminate = (): void => {
    if (pid !== undefined) kill ??= terminateGroup(pid, watched.grace);
  };
  if (watched.signal.aborted) terminate();
  else watched.signal.addEventListener('abort', terminate, { once: true });
  const settle = (): void => {
    watched.signal.removeEventListener('abort', terminate);
    kill?.[Symbol.dispose]();
  };
  child.stdout?.on('data', (chunk: Buffer) => watched.out.write(chunk));
  child.stderr?.on('data', (chunk: Buffer) => watched.errors.write(chunk));
  child.once('error', (error) => {
    settle();
    reject(startFailure(command, error));
  });
  // A finished command may leave children behind that hold its pipes open: they end with it, or 'close' never comes.
  child.once('exit', () => {
    if (pid !== undefined && signalGroup(pid, 0)) terminate();
  });
  child.once('close', (exitCode, endedBy) => {
    settle();
    watched.out.end();
    watched.errors.end();
    resolve({ exitCode, endedBy });
  });
  return promise;
}

function limitTime(command: Command, timeout: Duration): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(timedOut(command.operation, command.subject, timeout)), timeout);
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}

/** The error of everything that took longer than it may. */
export const timedOut = (operation: string, subject: string, timeout: Duration): HoldfastError =>
  new HoldfastError({
    code: 'timed-out',
    operation,
    subject,
    message: `did not finish within ${formatDuration(timeout)}`,
    hint: 'See what it was waiting for in the lines above, or allow it more time with `timeout`.',
    retry: 'now',
  });

const toolMissing = (command: Command, name: string): HoldfastError =>
  new HoldfastError({
    code: 'tool-missing',
    operation: command.operation,
    subject: command.subject,
    message: `${name} is not installed, or not on PATH`,
    hint: `Install ${name}, or add its directory to PATH.`,
  });

const startFailure = (command: Command, error: Error): HoldfastError =>
  new HoldfastError({
    code: errnoOf(error) === 'E2BIG' ? 'bug' : 'tool-failed',
    operation: command.operation,
    subject: command.subject,
    message: `${command.argv[0]} could not be started: ${error.message}`,
    cause: error,
  });
