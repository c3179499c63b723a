// The configuration of the demo: a real file, as its reader would write it, and random passwords beside it.

import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { SCHEMA_LINE } from '../config.ts';
import { type Configuration } from '../../config/configuration.ts';
import { loadConfiguration } from '../../config/load.ts';
import type { Scratch } from './scratch.ts';

export const NEAR = 'near';
export const AWAY = 'away';

export interface DemoServices {
  readonly photos: string;
  readonly notes: { readonly directory: string; readonly database: string };
  /** Null without PostgreSQL. */
  readonly shop: { readonly directory: string; readonly hook: readonly string[] } | null;
}

/** Writes it, with its schema and the password files, and loads it as every command does. */
export async function makeConfiguration(scratch: Scratch, services: DemoServices): Promise<Configuration> {
  const { configurationJsonSchema } = await import('../../config/json-schema.ts');
  await Promise.all(['secrets', 'repositories'].map((name) => mkdir(scratch.path(name), { mode: 0o700 })));
  await Promise.all(
    [NEAR, AWAY].map((name) =>
      writeFile(passwordFile(scratch, name), `${randomBytes(33).toString('base64')}\n`, { mode: 0o600 }),
    ),
  );
  const file = scratch.path('holdfast.yaml');
  await writeFile(file, textOf(scratch, services));
  await writeFile(scratch.path('holdfast.schema.json'), `${JSON.stringify(configurationJsonSchema(), null, 2)}\n`);
  return await loadConfiguration({ file, cwd: scratch.root, env: {}, isRoot: process.getuid?.() === 0 });
}

export const passwordFile = (scratch: Scratch, repository: string): string => scratch.path('secrets', `${repository}.pw`);

/** JSON strings are YAML strings, whatever the name of the folder. */
const quoted = (text: string): string => JSON.stringify(text);

const textOf = (scratch: Scratch, { photos, notes, shop }: DemoServices): string => `${SCHEMA_LINE}
version: 1
host: demo
stateDir: ${quoted(scratch.path('state'))}

repositories:
  ${NEAR}:
    url: ${quoted(scratch.path('repositories', NEAR))}
    passwordFile: ${quoted(passwordFile(scratch, NEAR))}
    location: onsite
    medium: disk
  ${AWAY}:
    url: ${quoted(scratch.path('repositories', AWAY))}
    passwordFile: ${quoted(passwordFile(scratch, AWAY))}
    location: offsite
    medium: other-disk

defaults:
  repositories: [${NEAR}, ${AWAY}]

services:
  photos:
    backup:
      paths: [${quoted(photos)}]
  notes:
    backup:
      paths: [${quoted(notes.directory)}]
      databases: [{type: sqlite, path: ${quoted(notes.database)}}]   # copied while it is written to
${shop === null ? '' : shopText(shop)}`;

const shopText = ({ directory, hook }: NonNullable<DemoServices['shop']>): string => `  shop:
    backup:
      paths: [${quoted(directory)}]
      exclude: ['*.part']
      hooks:
        before:
          - ${JSON.stringify(hook)}
`;
