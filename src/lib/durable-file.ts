// Files that survive a power cut: written under another name, on disk before they get their own, and that on disk, too. Whoever
// reads such a file sees the old content or the new one. What is private and small: private-file.ts.

import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A new file of exactly that mode, whatever the umask; its content is on disk when it resolves. Rejects with EEXIST where one is. */
export async function writeDurably(file: string, content: string, mode: number): Promise<void> {
  await using handle = await open(file, 'wx', mode);
  await handle.chmod(mode);
  await handle.writeFile(content);
  await handle.sync();
}

/** Gives what is on disk under one name another in the same directory, over what had it; done when that survives, too. */
export async function replaceDurably(draft: string, file: string): Promise<void> {
  await rename(draft, file);
  await syncDirectory(dirname(file));
}

/** Makes the renames in a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path);
  await directory.sync();
}
