// What a path is and whether this user may read it, asked by children that can be killed: a dead NFS server hangs whoever
// asks it, and it must not be us.

import { type Duration, duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';

const LIMIT: Duration = duration(10, 's');

export interface PathFacts {
  /** As stat(1) names it: 'directory', 'regular file', ... */
  readonly type: string;
  readonly uid: number;
  readonly readable: boolean;
}

/** Null when there is nothing at `path` (a dangling link is nothing). Throws `failed` when it cannot be known. */
export async function probePath(path: string, signal: AbortSignal): Promise<PathFacts | null> {
  const { exitCode, stdout, stderrTail } = await ask(
    ['stat', '--dereference', '--format', '%u %F', '--', path],
    path,
    signal,
  );
  if (exitCode !== 0) {
    if (stderrTail.some((line) => line.includes('No such file or directory'))) return null;
    throw noAnswer(path, stderrTail.at(-1) ?? 'unknown');
  }
  const [uid = '', ...type] = stdout.trim().split(' ');
  const kind = type.join(' ');
  const readable = await succeeds('-r', path, signal);
  return {
    type: kind,
    uid: Number(uid),
    readable: readable && (kind !== 'directory' || (await succeeds('-x', path, signal))),
  };
}

export type Content = 'data' | 'empty' | 'absent';

/**
 * Whether there is anything at `path`, which may lead through links: entries of a directory but those whose names match
 * `except` (patterns of find), or bytes of a file. Throws `failed` when that cannot be known; a link to nothing is not nothing.
 */
export async function contentOf(path: string, except: readonly string[], signal: AbortSignal): Promise<Content> {
  const self = await ask(['find', '-H', path, '-maxdepth', '0', '-printf', '%y %s'], path, signal);
  if (self.exitCode !== 0) {
    if (self.stderrTail.some((line) => line.endsWith(': No such file or directory'))) return 'absent';
    throw noAnswer(path, self.stderrTail.at(-1) ?? 'unknown');
  }
  const [type = '', size = ''] = self.stdout.split(' ');
  if (type === 'l') throw noAnswer(path, 'it is a symbolic link to nothing');
  if (type !== 'd') return size === '0' ? 'empty' : 'data';
  const others = except.flatMap((name) => ['!', '-name', name]);
  const argv = ['find', '-H', path, '-mindepth', '1', '-maxdepth', '1', ...others, '-printf', 'x', '-quit'] as const;
  const inside = await ask(argv, path, signal);
  if (inside.stdout !== '') return 'data';
  if (inside.exitCode !== 0) throw noAnswer(path, inside.stderrTail.at(-1) ?? 'unknown');
  return 'empty';
}

/** 'ext2/ext3', 'nfs', 'zfs', ... as stat(1) names it. */
export async function fileSystemType(path: string, signal: AbortSignal): Promise<string> {
  const { exitCode, stdout, stderrTail } = await ask(['stat', '--file-system', '--format', '%T', '--', path], path, signal);
  if (exitCode !== 0) throw noAnswer(path, stderrTail.at(-1) ?? 'unknown');
  return stdout.trim();
}

/** The first entry, at most two levels deep, that somebody else than `uid` owns; null when there is none. */
export async function foreignEntry(directory: string, uid: number, signal: AbortSignal): Promise<string | null> {
  const argv = ['find', directory, '-maxdepth', '2', '!', '-uid', String(uid), '-print', '-quit'] as const;
  const { exitCode, stdout, stderrTail } = await ask(argv, directory, signal);
  if (exitCode !== 0) throw noAnswer(directory, stderrTail.at(-1) ?? 'unknown');
  return stdout === '' ? null : stdout.trimEnd();
}

export interface Presence {
  readonly present: readonly string[];
  readonly missing: readonly string[];
  /** Directories among `present` without a single entry. */
  readonly empty: readonly string[];
  /** Symbolic links among `present`. */
  readonly links: readonly string[];
}

/**
 * Which of these absolute paths are there, and which hold nothing. What may not be looked at counts as present: who wants
 * to read it will be told why not. Throws `failed` when a file system does not answer.
 */
export async function presenceOf(paths: readonly string[], signal: AbortSignal): Promise<Presence> {
  if (paths.length === 0) return { present: [], missing: [], empty: [], links: [] };
  const tell = (state: string): string[] => ['-printf', String.raw`${state} %p\0`];
  const print = [
    '(',
    '-type',
    'd',
    '-empty',
    ...tell('empty'),
    '-o',
    '-type',
    'l',
    ...tell('link'),
    '-o',
    ...tell('there'),
    ')',
  ];
  const { stdout, stderrTail } = await ask(['find', ...paths, '-maxdepth', '0', ...print], paths.join(', '), signal);
  const told = new Set(stdout.split('\0'));
  const is = (state: string, path: string): boolean => told.has(`${state} ${path}`);
  const isPresent = (path: string): boolean =>
    ['empty', 'link', 'there'].some((state) => is(state, path)) || denied(path, stderrTail);
  return {
    present: paths.filter(isPresent),
    missing: paths.filter((path) => !isPresent(path)),
    empty: paths.filter((path) => is('empty', path)),
    links: paths.filter((path) => is('link', path)),
  };
}

const denied = (path: string, stderrTail: readonly string[]): boolean =>
  stderrTail.some((line) => line.includes(path) && line.endsWith('Permission denied'));

/** Whether this user may write there; not where the file system is mounted read-only. */
export const isWritable = (path: string, signal: AbortSignal): Promise<boolean> => succeeds('-w', path, signal);

const succeeds = async (test: '-r' | '-w' | '-x', path: string, signal: AbortSignal): Promise<boolean> =>
  (await ask(['test', test, path], path, signal)).exitCode === 0;

async function ask(argv: readonly [string, ...string[]], path: string, signal: AbortSignal): ReturnType<typeof runProcess> {
  try {
    return await runProcess(
      { argv, operation: 'look at', subject: path, env: { LC_ALL: 'C' } },
      { signal, timeout: LIMIT, grace: duration(1, 's') },
    );
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'timed-out') throw noAnswer(path, 'no answer within 10 s');
    throw error;
  }
}

const noAnswer = (path: string, reason: string): HoldfastError =>
  new HoldfastError({
    code: 'failed',
    operation: 'look at',
    subject: path,
    message: `${path} cannot be looked at: ${reason}`,
    hint: 'Look at the mount (findmnt, dmesg), at the machine behind it, and at the permissions on the way there.',
    retry: 'later',
  });
