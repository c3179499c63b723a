// The record of this host, for checks that only look at it.

import type { Journal } from '../../journal/journal.ts';
import { openJournalReadOnly } from '../../journal/open-read-only.ts';
import { HoldfastError } from '../../lib/errors.ts';

/** Null where nothing was recorded. Why a journal cannot be read is told by its own check. */
export function readable(stateDir: string): Journal | null | 'unreadable' {
  try {
    return openJournalReadOnly(stateDir);
  } catch (error) {
    if (error instanceof HoldfastError) return 'unreadable';
    throw error;
  }
}
