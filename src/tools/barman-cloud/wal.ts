// The log: what a server is told to archive it with, and to get it back with.

import { restoreCommandOf } from '../postgresql/restore-command.ts';
import { type Compression, compressionArgs } from './backup.ts';
import { programOf } from './invoke.ts';
import { type ObjectPlace, placeArgs, shellWords } from './place.ts';

/** The value of archive_command. */
export const archiveCommand = (place: ObjectPlace, compression: Compression): string =>
  `${shellWords(place, programOf('wal-archive'), compressionArgs(compression)).replaceAll('%', '%%')} %p`;

/** Whoever wrote it may have put options, a path or a wrapper around it. */
export const archivesInto = (command: string, place: ObjectPlace): boolean =>
  command.includes(programOf('wal-archive')) &&
  [...placeArgs(place), ...(place.endpointUrl === null ? [] : [place.endpointUrl])].every((word) =>
    wordsOf(command).includes(word),
  );

const wordsOf = (command: string): string[] => command.split(/[\s'"=]+/);

/** The value of restore_command. It ends with 1 also without the bucket, or without boto3: the list needs both. */
export const restoreCommand = (place: ObjectPlace): string =>
  restoreCommandOf(shellWords(place, programOf('wal-restore'), []), shellWords(place, programOf('backup-list'), []));
