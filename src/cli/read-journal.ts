// The journal for commands that only look: where there is none, none is made.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Journal } from '../journal/journal.ts';
import type { CliContext } from './context.ts';

/** An empty one where nothing has been recorded yet. Dispose it. What opening had to repair is told. */
export async function readJournal(cli: CliContext, stateDir: string): Promise<Journal> {
  if (!existsSync(join(stateDir, 'journal.db'))) {
    const { openTransientJournal } = await import('../journal/open-journal.ts');
    return openTransientJournal();
  }
  const journal = await cli.journal(stateDir);
  for (const notice of journal.notices) cli.warn(notice);
  return journal;
}
