// The program that keeps writing notes while they are backed up: this very program again, as a child of the demo.

import type { CliContext } from '../context.ts';
import { type Background, startBackground } from '../../process/background.ts';
import { writeNotes } from './notes.ts';

export interface NotesWriter extends Background {
  /** How many notes are known to be committed. */
  committed(): number;
}

/** Resolves once it writes. */
export async function startNotesWriter(file: string, signal: AbortSignal): Promise<NotesWriter> {
  let committed = 0;
  const ready = Promise.withResolvers<void>();
  const argv = [process.execPath, ...process.execArgv, process.argv[1] ?? '', 'demo', '--writer', file] as const;
  const background = await startBackground(
    { argv, operation: 'write', subject: 'notes' },
    {
      signal,
      ready: ready.promise,
      onLine: (line) => {
        committed = Number(line);
        ready.resolve();
      },
    },
  );
  return { ...background, committed: () => committed };
}

/** What that child does: a line with its number for each note once it is committed, until it is stopped. */
export const beNotesWriter = (cli: CliContext, file: string): Promise<void> =>
  writeNotes(file, (committed) => cli.out.write(`${committed}\n`), cli.signal);
