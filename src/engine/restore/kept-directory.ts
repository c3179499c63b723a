// Whether what is made below a directory stays what it was: nobody but root and its owner may rename, or replace, a part of the way there.

import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Owner } from '../../tools/util-linux/stat.ts';
import { refuse } from './path-facts.ts';

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/** `directory`: absolute, without links. Throws `refused` with the part that others can write into. Who is not root is in no danger. */
export async function requireKept(directory: string, owner: Owner): Promise<void> {
  if (process.getuid?.() !== 0) return;
  for (let path = directory; ; path = dirname(path)) {
    const { uid, mode } = await lstat(path); // oxlint-disable-line no-await-in-loop -- a handful
    const foreign = uid !== 0 && uid !== owner.uid;
    const open = (mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0; // in a sticky one each can only remove its own
    if (foreign || open)
      throw refuse(
        'refused',
        directory,
        foreign ? `${path} belongs to user ${uid}, who could replace what is restored` : `others may write into ${path}`,
        foreign
          ? 'Choose a directory below none of another user.'
          : `Close it (chmod go-w ${path}), or choose another directory.`,
      );
    if (path === dirname(path)) return;
  }
}
