// btrfs subvolume: which there are, what one of them is, and read-only snapshots of one.

import { duration } from '../../domain/duration.ts';
import type { Subvolume } from '../../domain/snapshot-pieces.ts';
import { type ErrorCode, HoldfastError } from '../../lib/errors.ts';
import { type ProcessResult, runProcess } from '../../process/run-process.ts';

type Argv = readonly [string, ...string[]];

/** All of the file system that `path` lies in. */
export const listArgs = (path: string, readOnly: boolean): Argv => [
  'btrfs',
  'subvolume',
  'list',
  '-a',
  ...(readOnly ? ['-r'] : []),
  path,
];
export const showArgs = (path: string): Argv => ['btrfs', 'subvolume', 'show', path];
/** `to` does not exist yet: in a directory the snapshot would be made inside of it. */
export const snapshotArgs = (from: string, to: string): Argv => ['btrfs', 'subvolume', 'snapshot', '-r', from, to];
export const deleteArgs = (path: string): Argv => ['btrfs', 'subvolume', 'delete', path];

/** Paths from the top of the file system, without its top itself. Those that are not below where it was asked have a prefix. */
export const parseList = (stdout: string): string[] =>
  stdout.split('\n').flatMap((line) => {
    const [, path] = /^ID \d+ gen \d+ top level \d+ path (.+)$/.exec(line) ?? [];
    return path === undefined ? [] : [path.replace(/^<FS_TREE>\//, '')];
  });

export interface SubvolumeFacts {
  readonly uuid: string | null;
  /** Of what it is a snapshot. */
  readonly parentUuid: string | null;
  readonly readOnly: boolean;
}

export function parseShow(stdout: string): SubvolumeFacts {
  const value = (name: string): string | null => {
    const [, text = '-'] = new RegExp(String.raw`^\s*${name}:\s*(\S.*)$`, 'm').exec(stdout) ?? [];
    return text === '-' ? null : text.trim();
  };
  return {
    uuid: value('UUID'),
    parentUuid: value('Parent UUID'),
    readOnly: value('Flags')?.split(/[ ,]+/).includes('readonly') ?? false,
  };
}

/** Throws as `change`. The top of the file system is among them. */
export async function listSubvolumes(path: string, signal: AbortSignal): Promise<Subvolume[]> {
  const list = async (readOnly: boolean): Promise<string[]> =>
    parseList((await change('list the subvolumes of', path, listArgs(path, readOnly), signal)).stdout);
  const [all, frozen] = await Promise.all([list(false), list(true)]);
  return [{ tree: '', readOnly: false }, ...all.map((tree) => ({ tree, readOnly: frozen.includes(tree) }))];
}

/** Null when there is nothing, or no subvolume. Throws as `change` for anything else. */
export async function showSubvolume(path: string, signal: AbortSignal): Promise<SubvolumeFacts | null> {
  const result = await ask('look at', path, showArgs(path), signal);
  if (result.exitCode === 0) return parseShow(result.stdout);
  if (
    /Not a Btrfs subvolume|No such file or directory|not a btrfs filesystem|Not a directory/i.test(
      result.stderrTail.join('\n'),
    )
  )
    return null;
  throw failure('look at', path, result);
}

export const snapshotSubvolume = async (from: string, to: string, signal: AbortSignal): Promise<void> =>
  void (await change('make a snapshot of', from, snapshotArgs(from, to), signal));

/** Throws `busy` while somebody uses it. */
export const deleteSubvolume = async (path: string, signal: AbortSignal): Promise<void> =>
  void (await change('delete the snapshot', path, deleteArgs(path), signal));

/** Throws `permission-denied`, `busy`, `no-space`, `tool-missing`, `timed-out` or `tool-failed`. */
async function change(operation: string, subject: string, argv: Argv, signal: AbortSignal): Promise<ProcessResult> {
  const result = await ask(operation, subject, argv, signal);
  if (result.exitCode !== 0) throw failure(operation, subject, result);
  return result;
}

const ask = (operation: string, subject: string, argv: Argv, signal: AbortSignal): Promise<ProcessResult> =>
  runProcess(
    { argv, operation, subject, env: { LC_ALL: 'C' } },
    { signal, timeout: duration(1, 'm'), grace: duration(1, 's'), verbatim: true },
  );

const CLASSES: readonly (readonly [said: RegExp, code: ErrorCode, hint: string])[] = [
  [/Operation not permitted|Permission denied/, 'permission-denied', 'Run it as root.'],
  [/Device or resource busy|Text file busy/, 'busy', 'Something uses it: a swap file, a mount, another program.'],
  [/No space left|Disk quota exceeded/, 'no-space', 'See `btrfs filesystem usage`: metadata needs room, too.'],
  [/Read-only file system/, 'failed', 'It is mounted read-only: see dmesg for why.'],
];

function failure(operation: string, subject: string, { exitCode, stderrTail }: ProcessResult): HoldfastError {
  const said = stderrTail.join('\n');
  const [, code, hint] = CLASSES.find(([pattern]) => pattern.test(said)) ?? [null, 'tool-failed' as const, undefined];
  return new HoldfastError({
    code,
    operation,
    subject,
    message: stderrTail.find((line) => line.startsWith('ERROR')) ?? stderrTail.at(-1) ?? `btrfs ended with ${exitCode}`,
    hint,
    retry: 'later',
    tool: { name: 'btrfs', exitCode, stderrTail },
  });
}
