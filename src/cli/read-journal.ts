// The journal for commands that only look: where there is none, none is made, and where nothing can be written, it is read.

import type { Journal } from '../journal/journal.ts';
import { HoldfastError } from '../lib/errors.ts';
import type { CliContext } from './context.ts';

/** An empty one where nothing has been recorded yet. Dispose it. What opening had to repair is told. */
export async function readJournal(cli: CliContext, stateDir: string): Promise<Journal> {
  const { journalExists, openJournalReadOnly } = await import('../journal/open-read-only.ts');
  if (!journalExists(stateDir)) {
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

const isUnusable = (error: unknown): boolean =>
  error instanceof HoldfastError && (error.code === 'journal-unusable' || error.code === 'no-space');
