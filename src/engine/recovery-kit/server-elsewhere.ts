// A PostgreSQL server that no repository of restic has: where it is kept, and the lines that bring it back by hand.

import { join } from 'node:path';
import type { BarmanConfig, PostgresConfig, ServiceConfig } from '../../config/configuration.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { placeName, shellWords } from '../../tools/barman-cloud/place.ts';
import { restoreCommand } from '../../tools/barman-cloud/wal.ts';
import { settingLine } from '../postgres/recovery-settings.ts';
import type { KitOther } from './kit.ts';

/** Nothing for a service without a server, or whose dumps are in its copies. */
export function serverElsewhere({ name, postgres }: ServiceConfig): KitOther[] {
  if (postgres === null || postgres.engine === 'dump') return [];
  const { barman } = postgres;
  return [{ service: name, ...(barman === null ? byPgBackRest(postgres) : byBarman(barman, postgres)) }];
}

type Way = Pick<KitOther, 'why' | 'byHand'>;

function byPgBackRest({ repositories, stanza, user, configFile, dataDir }: PostgresConfig): Way {
  const places = repositories.map(({ path }) => path);
  const secrets = [...new Set(repositories.flatMap(({ cipherPassFile }) => cipherPassFile ?? []))];
  const where = places.length === 0 ? 'where its configuration says' : `in ${places.join(' and in ')}`;
  const secret = secrets.length === 0 ? '' : `, encrypted with what was in ${secrets.join(' and ')}`;
  const config = configFile === null ? [] : [`--config=${configFile}`];
  const words = ['pgbackrest', ...config, `--stanza=${stanza}`].map(shellWord).join(' ');
  return {
    why: `its PostgreSQL server is kept by pgBackRest, ${where}${secret}. With the configuration of pgBackRest in its place (holdfast postgres configure writes it) and ${dataDir} empty:`,
    byHand: [as(user, `${words} info`), as(user, `${words} restore`)],
  };
}

/** barman-cloud says the server nothing of where its log is. */
function byBarman(place: BarmanConfig, { dataDir, user }: PostgresConfig): Way {
  const keys = place.credentialsFile === null ? '' : `; the keys were in ${place.credentialsFile}`;
  const to = shellWord(dataDir);
  const settings = shellWord(join(dataDir, 'postgresql.auto.conf'));
  const told = [settingLine('restore_command', restoreCommand(place)), settingLine('archive_mode', 'off')];
  return {
    why: `its PostgreSQL server is kept by barman-cloud, in ${placeName(place)}${place.endpointUrl === null ? '' : ` at ${place.endpointUrl}`}${keys}. With ${dataDir} empty, and ID the one of a backup that the first line shows (what comes back does not archive until archive_mode is taken out of postgresql.auto.conf):`,
    byHand: [
      as(user, shellWords(place, 'barman-cloud-backup-list', [])),
      as(user, `${shellWords(place, 'barman-cloud-restore', [])} ID ${to}`),
      `printf '%s\\n' ${told.map(shellWord).join(' ')} | ${as(user, `tee -a ${settings}`)}`,
      as(user, `touch ${shellWord(join(dataDir, 'recovery.signal'))}`),
    ],
  };
}

const as = (user: string, words: string): string => `runuser -u ${shellWord(user)} -- ${words}`;
