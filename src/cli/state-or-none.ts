// Restoring must work where nothing can be kept: a rescue system, a read-only or full state directory. Then history, locks
// and crash recovery live in memory and a temporary directory, and that is said.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HoldfastError } from '../lib/errors.ts';
import type { CliContext } from './context.ts';

export interface Place extends AsyncDisposable {
  readonly stateDir: string;
  readonly context: CliContext;
}

/** The state directory as it is, or a stand-in that is gone with the command. Dispose it. */
export async function stateOrNone(cli: CliContext, stateDir: string): Promise<Place> {
  try {
    (await cli.journal(stateDir))[Symbol.dispose]();
    return { stateDir, context: cli, [Symbol.asyncDispose]: () => Promise.resolve() };
  } catch (error) {
    if (!(error instanceof HoldfastError) || !['journal-unusable', 'no-space'].includes(error.code)) throw error;
    cli.warn(`${error.message}: going on without history`);
  }
  const temporary = await mkdtemp(join(tmpdir(), 'holdfast-'));
  const context: CliContext = {
    ...cli,
    journal: async () => {
      const { openTransientJournal } = await import('../journal/open-journal.ts');
      return openTransientJournal();
    },
  };
  return { stateDir: temporary, context, [Symbol.asyncDispose]: () => rm(temporary, { recursive: true, force: true }) };
}
