// Whether a journal was written to, without reading it.

import { statSync } from 'node:fs';
import { join } from 'node:path';

/** Another text after each write, by whatever process, and where the file was replaced. Throws when it may not be looked at. */
export const journalStamp = (stateDir: string): string =>
  `${fileStamp(stateDir)}|${stampOf(join(stateDir, 'journal.db-wal'))}`;

/** Another text where there is another file under its name. */
export function journalIdentity(stateDir: string): string {
  const stat = statSync(join(stateDir, 'journal.db'), { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.dev} ${stat.ino}` : 'none';
}

const fileStamp = (stateDir: string): string => stampOf(join(stateDir, 'journal.db'));

function stampOf(file: string): string {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stat ? `${stat.ino} ${stat.size} ${stat.mtimeNs}` : 'none';
}
