// Where a repository is of which only pgBackRest's own configuration knows more.

import type { PostgresConfig } from '../../config/configuration.ts';

/** What is on record is about a place: this one, whatever it is. */
export const unknownPlace = ({ configFile }: Pick<PostgresConfig, 'configFile'>, key: number): string =>
  `${configFile ?? 'pgbackrest'}:${key}`;
