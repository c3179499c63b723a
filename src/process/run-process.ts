// The only place that starts a child process of Holdfast's own (a command of the user's has the terminal: run-foreground.ts). It
// owns process groups, time limits, the grace between SIGTERM and SIGKILL, masking, and the tail of standard error. It never
// decides what an exit code means: the tool's own module does.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, pipeline, type Readable, type Writable } from 'node:stream';
import { duration, type Duration } from '../domain/duration.ts';
import { HoldfastError, type ToolFailure } from '../lib/errors.ts';
import { limitTime } from '../lib/time-limit.ts';
import { Activity, processorTime, watchIdle } from './activity.ts';
import { Collector } from './collector.ts';
import { findProgram } from './find-program.ts';
import { LineSplitter } from './lines.ts';
import { maskSecrets } from './mask.ts';
import { idleFor, startFailure, timedOut, toolMissing, tooMuchOutput } from './process-errors.ts';
import { groupGone, signalGroup, terminateGroup } from './process-group.ts';

export interface Command {
  /** The program and its arguments. Secrets never belong here: use `env` or `stdin`. */
  readonly argv: readonly [string, ...string[]];
  /** What is being done, to what: for errors. */
  readonly operation: string;
  readonly subject: string;
  /** Added to the inherited environment; undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Written to standard input, which is otherwise empty; a stream is read as fast as the command takes it. */
  readonly stdin?: string | Readable;
  /** Masked in everything that comes back. */
  readonly secrets?: readonly string[];
}

export interface ProcessOptions {
  /** Ends the whole process group; its reason, a HoldfastError, is then thrown: the first cause wins. */
  readonly signal: AbortSignal;
  readonly timeout?: Duration | undefined;
  /** For what may take any time as long as it goes on. */
  readonly idle?: IdleLimit | undefined;
  /** Between SIGTERM and SIGKILL. Default 10 s. */
  readonly grace?: Duration;
  /** Given each line of standard output, which is then not collected. */
  readonly onLine?: (line: string) => void;
  /** Standard output is data for a parser and must arrive unchanged: it is not masked. The caller shows nothing of it as it is. */
  readonly verbatim?: boolean;
  /** Gets standard output as it is, as fast as it takes it; nothing is collected. Ended with the command. */
  readonly output?: Writable | undefined;
  /** Until then nothing of standard output is read: a command that prints much waits, and holds it in no memory of ours. */
  readonly readAfter?: Promise<void> | undefined;
  /** Given each (masked) line of standard error. */
  readonly onErrorLine?: (line: string) => void;
}

export interface IdleLimit {
  /** How long it may say nothing, and neither it nor what it has started may use the processor. */
  readonly limit: Duration;
  /** Processes that work for it: a server that it waits for. */
  readonly also?: readonly number[];
  /** From then on it may be idle. */
  readonly until?: Promise<void>;
}

/** How long may pass without anything being done where there is no limit to the whole. */
export const IDLE_LIMIT = duration(15, 'm');

export interface ProcessResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly endedBy: NodeJS.Signals | null;
  /** Masked; empty when `onLine` or `output` was given. */
  readonly stdout: string;
  /** The last lines of standard error, masked. */
  readonly stderrTail: readonly string[];
}

const TAIL_LINES = 20;
/** How long a group may take to vanish after SIGKILL. */
const KILL_TIME = duration(1, 's');
/** How long a process may take to die of it, where it does not hang in the kernel (a pool that is suspended, a dead NFS server). */
const HANG_TIME = duration(10, 's');
/** How long a pipe may stay open after the whole group is gone. */
const PIPE_TIME = duration(2, 's');
const TIME_IS_UP = new Error('time is up'); // replaced by one that has the last lines
const DEFAULT_GRACE = duration(10, 's');

/**
 * Runs a command to its end. Throws `tool-missing` when it is not installed, `timed-out` after `timeout`, the signal's
 * reason when cancelled, after the whole process group is gone, unless the kernel does not let it go. A non-zero exit is a result, not an error.
 * If Holdfast itself is killed, the kernel sends the child SIGTERM (PR_SET_PDEATHSIG).
 */
export async function runProcess(command: Command, options: ProcessOptions): Promise<ProcessResult> {
  options.signal.throwIfAborted();
  const secrets = command.secrets ?? [];
  const maskOutput = (text: string): string => (options.verbatim ? text : maskSecrets(text, secrets));
  const timeLimit = options.timeout === undefined ? null : limitTime(options.timeout, () => TIME_IS_UP);
  using _limit = timeLimit;
  const trouble = new AbortController();
  const signal = AbortSignal.any([options.signal, trouble.signal, ...(timeLimit ? [timeLimit.signal] : [])]);

  const { onLine } = options;
  const guarded = (use: () => void): void => {
    try {
      use();
    } catch (error) {
      trouble.abort(error); // thrown inside a stream's event it would end Holdfast; so it ends the command
    }
  };
  const lines = onLine ? new LineSplitter((line) => guarded(() => onLine(maskOutput(line)))) : null;
  const collected = new Collector(() => trouble.abort(tooMuchOutput(command)));
  const tail: string[] = [];
  let activity: Activity | null = null;
  const errors = new LineSplitter((line) => {
    activity?.note();
    const masked = maskSecrets(line, secrets);
    guarded(() => options.onErrorLine?.(masked));
    if (masked.trim() === '') return;
    tail.push(masked.slice(0, 2000));
    if (tail.length > TAIL_LINES) tail.shift();
  });

  const child = start(command);
  const { idle } = options;
  if (idle && child.pid !== undefined) {
    const pids = [child.pid, ...(idle.also ?? [])];
    activity = new Activity(() => processorTime(pids));
  }
  using watch = idle && activity ? watchIdle(activity, idle.limit, () => trouble.abort(idleFor(command, idle.limit))) : null;
  void idle?.until?.then(() => watch?.[Symbol.dispose]());
  const ended = await finish(child, command, {
    signal,
    grace: options.grace ?? DEFAULT_GRACE,
    out: lines ?? collected,
    errors,
    readAfter: options.readAfter,
    output: options.output,
  });
  if (signal.aborted && signal.reason === TIME_IS_UP && options.timeout !== undefined) {
    throw timedOut(command.operation, command.subject, options.timeout, {
      name: command.argv[0],
      exitCode: ended.exitCode,
      stderrTail: tail,
    });
  }
  if (signal.aborted)
    throw withLastWords(signal.reason, { name: command.argv[0], exitCode: ended.exitCode, stderrTail: tail });
  return { ...ended, stdout: maskOutput(collected.text()), stderrTail: tail };
}

/** Whose time was up from outside is told with what the command was saying meanwhile; any other reason is passed on. */
function withLastWords(reason: unknown, tool: ToolFailure): unknown {
  if (!(reason instanceof HoldfastError) || reason.code !== 'timed-out' || reason.tool || tool.stderrTail.length === 0) {
    return reason;
  }
  const { code, operation, subject, message, hint, retry } = reason;
  return new HoldfastError({ code, operation, subject, message, hint, retry, tool, cause: reason });
}

interface Watched {
  readonly signal: AbortSignal;
  readonly grace: Duration;
  readonly out: { write(chunk: Buffer): void; end(): void };
  readonly errors: LineSplitter;
  readonly readAfter: Promise<void> | undefined;
  readonly output: Writable | undefined;
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
  if (typeof command.stdin !== 'object') child.stdin?.end(command.stdin);
  else if (child.stdin) pipeline(command.stdin, child.stdin, () => {}); // as above
  return child;
}

type Ended = Pick<ProcessResult, 'exitCode' | 'endedBy'>;

async function finish(child: ChildProcess, command: Command, watched: Watched): Promise<Ended> {
  const exited = Promise.withResolvers<Ended>();
  const closed = Promise.withResolvers<void>();
  child.once('error', (error) => exited.reject(startFailure(command, error)));
  child.once('exit', (exitCode, endedBy) => exited.resolve({ exitCode, endedBy }));
  child.once('close', () => closed.resolve());
  // Node.js itself reads and drops what nobody listens to when a child ends: hence the stream in between, which keeps it.
  const kept = watched.readAfter === undefined ? null : new PassThrough();
  if (kept) child.stdout?.pipe(kept);
  const { output: taker } = watched;
  const taken = taker && child.stdout ? passOn(child.stdout, taker, watched.signal) : null;
  using _taken = taken;
  const output = kept ?? child.stdout;
  const read = (): void => void output?.on('data', (chunk: Buffer) => watched.out.write(chunk));
  if (watched.readAfter === undefined && !taken) read();
  child.stderr?.on('data', (chunk: Buffer) => watched.errors.write(chunk));

  const { pid } = child;
  if (pid === undefined) return await exited.promise; // not started: 'error' follows
  let kill: Disposable | null = null;
  using _kill = { [Symbol.dispose]: () => kill?.[Symbol.dispose]() };
  const terminate = (): void => {
    kill ??= terminateGroup(pid, watched.grace);
  };
  watched.signal.addEventListener('abort', terminate, { once: true });
  using _listener = { [Symbol.dispose]: () => watched.signal.removeEventListener('abort', terminate) };
  if (watched.signal.aborted) terminate();

  if (watched.readAfter !== undefined) {
    await Promise.race([watched.readAfter, onceAborted(watched.signal)]);
    read();
  }
  const ended = await Promise.race([exited.promise, unkillable(watched)]);
  if (ended === null) {
    abandon(child);
    return { exitCode: null, endedBy: null };
  }
  // A finished command may leave children behind, which may hold its pipes open: they end with it.
  if (signalGroup(pid, 0)) {
    terminate();
    await groupGone(pid, later(watched.grace, KILL_TIME));
  }
  // One that left the group (an ssh master) may still hold the pipes: what it says is no longer this command's.
  const patience = setTimeout(() => {
    if (!taken) child.stdout?.destroy(); // whoever takes it may be slow
    child.stderr?.destroy();
    kept?.end();
  }, PIPE_TIME);
  using _patience = { [Symbol.dispose]: () => clearTimeout(patience) };
  await closed.promise;
  if (kept && !kept.readableEnded) await once(kept, 'end');
  watched.out.end();
  watched.errors.end();
  return ended;
}

/** Resolves when a command that was told to end, and then killed, has had time to: it hangs in the kernel, where nothing reaches it. */
async function unkillable({ signal, grace }: Pick<Watched, 'signal' | 'grace'>): Promise<null> {
  await onceAborted(signal);
  return await new Promise((resolve) => setTimeout(() => resolve(null), later(grace, HANG_TIME)).unref());
}

/** Nobody waits for it any more: not for its end, nor for its pipes. */
function abandon(child: ChildProcess): void {
  child.stdin?.destroy();
  child.stdout?.destroy();
  child.stderr?.destroy();
  child.unref();
}

/** To whoever takes it, until the command is cancelled: then what is left is nobody's. */
function passOn(stdout: Readable, taker: Writable, signal: AbortSignal): Disposable {
  pipeline(stdout, taker, () => {}); // one that takes no more ends the command with EPIPE
  const drop = (): void => void stdout.destroy();
  signal.addEventListener('abort', drop, { once: true });
  if (signal.aborted) drop();
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', drop) };
}

const onceAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((done) => {
    if (signal.aborted) done();
    signal.addEventListener('abort', () => done(), { once: true });
  });

const later = (grace: Duration, by: Duration): Duration => (grace + by) as Duration; // both in milliseconds
