// A configuration of pgBackRest before it is in force: beside the one that is, under a name that nobody looks for.

import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeDurably } from '../../lib/durable-file.ts';
import { setOwner } from '../../tools/util-linux/own.ts';
import type { Owner } from '../../tools/util-linux/stat.ts';

/** In the place of one that an interrupted call has left. For the user of the server alone to read: a passphrase may be in it. */
export async function writeDraft(draft: string, text: string, user: Owner, signal: AbortSignal): Promise<void> {
  await mkdir(dirname(draft), { recursive: true, mode: 0o755 });
  await rm(draft, { force: true });
  await writeDurably(draft, text, 0o640);
  if (process.getuid?.() === 0) await setOwner(draft, { owner: '0', group: String(user.gid) }, signal);
}
