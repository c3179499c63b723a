// Owner and mode of a directory, set through a handle: its name could be exchanged for a link meanwhile by whoever
// owns the directory above, and root would change what that leads to.

import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';

/** The owner is set by root only. Throws ENOTDIR for a link. */
export async function setAttributes(
  directory: string,
  { mode, uid, gid }: Pick<Stats, 'mode' | 'uid' | 'gid'>,
): Promise<void> {
  await using handle = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  if (process.getuid?.() === 0) await handle.chown(uid, gid);
  await handle.chmod(mode & 0o7777);
}
