// The words in front of a command that let it run as an ordinary user. The kernel forgets the parent-death signal when the user
// changes, so it is asked for again.

import type { Owner } from './stat.ts';

/** Nothing where that is who we are already, or where we may not become anybody. */
export const asUser = ({ uid, gid }: Owner): readonly string[] =>
  process.getuid?.() === 0 && uid !== 0
    ? ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--pdeathsig=TERM', '--']
    : [];
