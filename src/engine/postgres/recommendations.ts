// What is worth having in a configuration of pgBackRest that somebody else has written: with the reason, for it is theirs to change.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresConfig } from '../../config/configuration.ts';
import { errnoOf } from '../../lib/errors.ts';
import { type Option, parseConfiguration } from '../../tools/pgbackrest/configuration.ts';
import { knowsBlocks, type PgBackRestVersion } from '../../tools/pgbackrest/version.ts';

/** Sentences; none where everything is there, or where nothing can be read. */
export function recommendations(options: readonly Option[], stanza: string, version: PgBackRestVersion): string[] {
  const sections = new Set(['global', 'global:backup', stanza, `${stanza}:backup`]);
  const holding = options.filter(({ section }) => sections.has(section));
  const valueOf = new Map(holding.map(({ name, value }) => [name, value])); // those of the stanza come last
  const keys = [...new Set(holding.flatMap(({ name }) => /^repo(\d+)-/.exec(name)?.[1] ?? []))].toSorted();
  if (keys.length === 0) return [];
  const compress = valueOf.get('compress-type') ?? 'gz';
  return [
    ...keys.flatMap((key) => [
      ...(valueOf.get(`repo${key}-bundle`) === 'y'
        ? []
        : [`repo${key}-bundle=y puts small files together: far fewer files, which NFS and object stores are slow with`]),
      ...(valueOf.get(`repo${key}-block`) === 'y' || !knowsBlocks(version)
        ? []
        : [
            `repo${key}-block=y (with bundle) keeps the blocks of a file that have changed, not the file: where a few rows change all over a large database an incremental backup is some hundred kB instead of its files`,
          ]),
    ]),
    ...(compress === 'zst' || compress === 'lz4'
      ? []
      : [`compress-type=zst instead of ${compress} is smaller in a fraction of the time (lz4: in the least)`]),
  ];
}

/** All that pgBackRest reads, as far as we may; what is for one stanza after what is for all. */
export async function readConfiguration({ configFile }: Pick<PostgresConfig, 'configFile'>): Promise<Option[]> {
  const texts =
    configFile === null
      ? [(await textOf(STANDARD)) || (await textOf(FORMER)), ...(await Promise.all((await included()).map(textOf)))]
      : [await textOf(configFile)];
  const options = texts.flatMap((text) => parseConfiguration(text));
  const isGlobal = ({ section }: Option): boolean => section.startsWith('global');
  return [...options.filter(isGlobal), ...options.filter((each) => !isGlobal(each))];
}

const STANDARD = '/etc/pgbackrest/pgbackrest.conf';
const FORMER = '/etc/pgbackrest.conf';
const INCLUDED = '/etc/pgbackrest/conf.d';

const included = async (): Promise<string[]> => {
  const names = await readdir(INCLUDED).catch(nothing<string[]>([]));
  return names.filter((name) => name.endsWith('.conf')).map((name) => join(INCLUDED, name));
};

const textOf = (file: string): Promise<string> => readFile(file, 'utf8').catch(nothing(''));

/** Where it is not there, or not for us to read. */
const nothing =
  <Value>(value: Value) =>
  (error: unknown): Value => {
    if (errnoOf(error) === undefined) throw error;
    return value;
  };
