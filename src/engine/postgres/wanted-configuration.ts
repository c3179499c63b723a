// What pgBackRest has to be told of a server, from what is declared. Pure. All of it stands in the section of the stanza, so that
// nothing that others have written for other servers changes.

import type { PostgresConfig, PostgresRepositoryConfig } from '../../config/configuration.ts';
import { knowsBlocks, type PgBackRestVersion } from '../../tools/pgbackrest/version.ts';

export const MARK = '# Written by Holdfast (holdfast postgres configure). What is changed here by hand is not overwritten.';

/** Where it goes when the declaration does not say: read by pgBackRest beside its own file. */
export const configurationFile = ({ configFile, stanza }: PostgresConfig): string =>
  configFile ?? `/etc/pgbackrest/conf.d/holdfast-${stanza}.conf`;

/** By name, in the order of the file. `passphrases`: of those repositories that are encrypted, by their numbers. */
export function wantedOptions(
  postgres: PostgresConfig,
  version: PgBackRestVersion,
  passphrases: ReadonlyMap<number, string>,
): ReadonlyMap<string, string> {
  return new Map([
    ['pg1-path', postgres.dataDir],
    ...(postgres.port === 5432 ? [] : [['pg1-port', String(postgres.port)] as const]),
    ...(postgres.socket === null ? [] : [['pg1-socket-path', postgres.socket] as const]),
    ...postgres.repositories.flatMap((each) => repositoryOptions(each, version, passphrases.get(each.key))),
    ['compress-type', postgres.compress],
    ...(postgres.processes === null ? [] : [['process-max', String(postgres.processes)] as const]),
    ...Object.entries(postgres.options),
  ]);
}

function repositoryOptions(
  { key, path, bundle, block, retention }: PostgresRepositoryConfig,
  version: PgBackRestVersion,
  passphrase: string | undefined,
): [string, string][] {
  const blocks = bundle && (block ?? knowsBlocks(version));
  return [
    [`repo${key}-path`, path],
    ...(bundle ? ([[`repo${key}-bundle`, 'y']] as [string, string][]) : []),
    ...(blocks ? ([[`repo${key}-block`, 'y']] as [string, string][]) : []),
    [`repo${key}-retention-full`, String(retention.full)],
    ...(retention.differential === null
      ? []
      : ([[`repo${key}-retention-diff`, String(retention.differential)]] as [string, string][])),
    ...(retention.archive === null
      ? []
      : ([[`repo${key}-retention-archive`, String(retention.archive)]] as [string, string][])),
    ...(passphrase === undefined
      ? []
      : ([
          [`repo${key}-cipher-type`, 'aes-256-cbc'],
          [`repo${key}-cipher-pass`, passphrase],
        ] as [string, string][])),
  ];
}

export const configurationText = (stanza: string, options: ReadonlyMap<string, string>): string =>
  [MARK, '', `[${stanza}]`, ...[...options].map(([name, value]) => `${name}=${value}`), ''].join('\n');

/** What the server must be set to. Commands of its configuration have no quotes around words that need none. */
export const archiveCommand = ({ configFile, stanza }: PostgresConfig): string =>
  `pgbackrest${configFile === null ? '' : ` --config=${configFile}`} --stanza=${stanza} archive-push %p`;
