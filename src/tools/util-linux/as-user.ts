// The words in front of a command that let it run as an ordinary user. The kernel forgets the parent-death signal when the user
// changes, so it is asked for again.

import type { Owner } from './stat.ts';

export type Argv = readonly [string, ...string[]];

/** A command as that user runs it. */
export function argvAs(user: Owner, program: string, ...args: readonly string[]): Argv {
  const [first, ...rest] = [...asUser(user), program, ...args];
  return [first ?? program, ...rest];
}

/** Nothing where that is who we are already, or where we may not become anybody. */
export const asUser = ({ uid, gid }: Owner): readonly string[] =>
  process.getuid?.() === 0 && uid !== 0
    ? ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--pdeathsig=TERM', '--']
    : [];
