// The journal for commands that only look: where there is none, none is made, and where nothing can be written, it is read.

import { existsSync } from 'node:fs';
import type { Journal } from '../journal/journal.ts';
import { HoldfastError } from '../lib/errors.ts';
import type { CliContext } from './context.ts';
import { lookupOf } from './create-context.ts';

/** An empty one where nothing has been recorded yet. Dispose it. What opening had to repair is told. */
export async function readJournal(cli: CliContext, stateDir: string): Promise<Journal> {
  const { journalExists, openJournalReadOnly } = await import('../journal/open-read-only.ts');
  if (!journalExists(stateDir)) {
    await tellOfAnother(cli, stateDir);
    const { openTransientJournal } = await import('../journal/open-journal.ts');
    return openTransientJournal();
  }
  try {
    const journal = await cli.journal(stateDir);
    for (const notice of journal.notices) cli.warn(notice);
    return journal;
  } catch (error) {
    const journal = isUnusable(error) ? openJournalReadOnly(stateDir) : null;
    if (journal === null) throw error;
    return journal;
  }
}

/** An empty record of one's own must not pass for that of the host. */
async function tellOfAnother(cli: CliContext, stateDir: string): Promise<void> {
  if (process.geteuid?.() === 0) return;
  const { defaultStateDir } = await import('../config/load.ts');
  const lookup = lookupOf(cli.options);
  const host = defaultStateDir({ ...lookup, isRoot: true });
  if (stateDir === defaultStateDir(lookup) && existsSync(host))
    cli.warn(`nothing is on record for this user (${stateDir}): what root runs is in ${host}, and root sees it`);
}

const isUnusable = (error: unknown): boolean =>
  error instanceof HoldfastError && (error.code === 'journal-unusable' || error.code === 'no-space');
