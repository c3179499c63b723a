// What a service is owed, and the named classes of it, as written.

import { z } from 'zod';
import { argv, bytesText, count, durationText, flag, list, name, optional, required, section, word } from './scalars.ts';

const promises = {
  rpo: optional(durationText, 'How old the newest copy may get.'),
  offsiteRpo: optional(durationText, 'How old the newest offsite copy may get.'),
  rto: optional(durationText, 'How fast the service must be back.'),
  copies: optional(count(0), 'Copies owed, the live data included. 0: nothing is kept, on purpose.'),
  media: optional(count(0), 'Different media that the copies must be on.'),
  offsite: optional(count(0), 'How many of the copies must be offsite.'),
  verifiedWithin: optional(durationText, 'How long ago its repositories may last have been verified.'),
  drilledWithin: optional(durationText, 'How long ago a restore drill may last have succeeded.'),
};

export const protectionClassSchema = section(promises);

const relative = z
  .string({ error: 'expected a path' })
  .min(1, { error: 'expected a path' })
  .refine((value) => !value.split('/').includes('..'), { error: 'expected a path without ..' });

const inside = "inside of the service's first path, or absolute";

const validator = z.discriminatedUnion(
  'type',
  [
    section({
      type: required(z.literal('sqlite'), 'PRAGMA integrity_check on a restored SQLite database.'),
      path: required(relative, `The database, ${inside}.`),
      query: optional(word, 'A query whose first column of its first row must be neither 0 nor empty.'),
    }),
    section({
      type: required(z.literal('json'), 'A restored file that must be whole JSON.'),
      path: required(relative, `The file, ${inside}.`),
    }),
    section({
      type: required(z.literal('files'), 'Files that must be there.'),
      path: required(relative, `A file, or a directory of which all files below are meant, ${inside}.`),
      minCount: optional(count(0), 'How many files there must be.', 1),
      minSize: optional(bytesText, 'How large they must be together.', '1B'),
    }),
    section({
      type: required(
        z.literal('sql'),
        'A query against a restored database of its PostgreSQL or MariaDB server that must answer true, in one row.',
      ),
      database: required(word, 'The name of the database.'),
      query: required(word, 'The query.'),
    }),
    section({
      type: required(
        z.literal('command'),
        'A program that must exit with 0. It has no network, and can write nothing but the restored data.',
      ),
      command: required(argv, 'The program and its arguments; no shell.'),
      timeout: optional(durationText, 'How long it may take.', '5m'),
      cwd: optional(relative, `The directory in which it starts, ${inside}; that path when not written.`),
    }),
  ],
  { error: 'expected a validator with type: sqlite, json, files, sql or command' },
);

export const protectionSchema = section({
  class: optional(name, 'The protection class: critical, standard, ephemeral or one of protectionClasses.', 'standard'),
  ...promises,
  allowEmptyStart: optional(
    flag,
    'Whether the service may ever start without its data. Each time needs the word of a person, too: `holdfast recover SERVICE --allow-empty-once`.',
    false,
  ),
  validators: optional(list(validator), 'How a restored copy is proven to be good.'),
});
