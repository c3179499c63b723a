// Who owns files, by number and by the name that the number has here: on another machine it may be somebody else.

import { duration } from '../../domain/duration.ts';
import { HoldfastError } from '../../lib/errors.ts';
import { runProcess } from '../../process/run-process.ts';

export interface NamedOwner {
  readonly uid: number;
  /** Null when the number has no name here. */
  readonly user: string | null;
  readonly gid: number;
  readonly group: string | null;
  /** Four octal digits: '0750'. */
  readonly mode: string;
}

const FORMAT = String.raw`%u\t%U\t%g\t%G\t%a\t%n\0`;

/** By path. */
export const parseOwners = (stdout: string): ReadonlyMap<string, NamedOwner> =>
  new Map(
    stdout.split('\0').flatMap((entry) => {
      const [uid = '', user = '', gid = '', group = '', mode = '', ...path] = entry.split('\t');
      if (path.length === 0) return [];
      const owner = { uid: Number(uid), user: named(user), gid: Number(gid), group: named(group) };
      return [[path.join('\t'), { ...owner, mode: mode.padStart(4, '0') }] as const];
    }),
  );

const named = (name: string): string | null => (name === 'UNKNOWN' ? null : name);

/** Of those that are there and answer; none of them where one does not answer at all. */
export async function ownersOf(paths: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, NamedOwner>> {
  if (paths.length === 0) return new Map();
  try {
    const { stdout } = await runProcess(
      { argv: ['stat', '--printf', FORMAT, '--', ...paths], operation: 'look at', subject: 'the live data' },
      { signal, timeout: duration(10, 's'), grace: duration(1, 's'), verbatim: true },
    );
    return parseOwners(stdout);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HoldfastError && error.code === 'timed-out') return new Map();
    throw error;
  }
}
