// What was restored is given to whom it belongs here: the same user may have another number on another machine. Only where nobody but
// root can get to: whoever owns a directory can put a link into it at any moment.

import { lchown, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Owner } from '../../tools/util-linux/stat.ts';

/** A directory with all that is in it. Who is not root can give nothing away. */
export async function giveAll(directory: string, { uid, gid }: Owner): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid: now } = await stat(directory);
  const entries = now === uid ? [] : await opendir(directory, { recursive: true });
  for await (const entry of entries) await lchown(join(entry.parentPath, entry.name), uid, gid);
  await lchown(directory, uid, gid);
}
