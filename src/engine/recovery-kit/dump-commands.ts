// The lines by which dumped databases are loaded by hand: into a server that runs and has none of them.

import type { DumpsConfig, ServiceConfig } from '../../config/configuration.ts';
import { GLOBALS, OF_EVERY_SERVER } from '../../domain/database-dumps.ts';
import { DATABASES, GRANTS, mariadbFile, USERS } from '../../domain/mariadb-dumps.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { typed } from '../../tools/restic/by-hand.ts';
import type { KitDumps } from './kit.ts';

export function kitDumps({ backup }: ServiceConfig): KitDumps | null {
  const dumps = backup?.dumps ?? null;
  if (dumps === null) return null;
  const { kind, place } = dumps;
  return dumps.kind === 'mariadb'
    ? { kind, place, user: 'root', connection: ofMariadb(dumps.server) }
    : { kind, place, user: dumps.server.user, connection: ofPostgres(dumps.server) };
}

const ofPostgres = ({ socket, port }: Extract<DumpsConfig, { kind: 'postgresql' }>['server']): readonly string[] => [
  ...(socket === null ? [] : [`--host=${socket}`]),
  ...(port === 5432 ? [] : [`--port=${port}`]),
];

const ofMariadb = ({
  socket,
  user,
  defaultsFile,
}: Extract<DumpsConfig, { kind: 'mariadb' }>['server']): readonly string[] => [
  ...(defaultsFile === null ? [] : [`--defaults-file=${defaultsFile}`]), // has to be the first
  `--socket=${socket}`,
  ...(user === null || user === 'root' ? [] : [`--user=${user}`]),
];

/** `below`: where what was restored lies, '' for the live paths. */
export function loadCommands(dumps: KitDumps, below: string): string[] {
  const directory = below === '' ? shellWord(dumps.place) : `${below}${shellWord(dumps.place)}`;
  return dumps.kind === 'mariadb' ? intoMariadb(dumps, directory) : intoPostgres(dumps, directory);
}

/** The user of the server need not be able to read what is there. */
function intoPostgres({ user, connection }: KitDumps, directory: string): string[] {
  const as = (program: string, ...args: readonly string[]): string =>
    ['runuser -u', shellWord(user), '--', program, ...connection.map(shellWord), ...args].join(' ');
  const passedOver = [...OF_EVERY_SERVER].map((name) => `*/${name}.dump`).join('|');
  return [
    typed([`${as('psql', '-X -q -d postgres')} <${directory}/${GLOBALS}`]),
    typed([
      `for f in ${directory}/*.dump; do`,
      `case "$f" in ${passedOver}) continue;; esac;`,
      `${as('pg_restore', '--create --dbname=postgres')} <"$f"; done`,
    ]),
  ];
}

/** The name of a database is that of its file, where it needs that in percent-encoding. */
function intoMariadb({ connection }: KitDumps, directory: string): string[] {
  const client = ['mariadb', ...connection.map(shellWord)].join(' ');
  return [
    typed([`${client} <${directory}/${DATABASES}`]),
    typed([`${client} <${directory}/${USERS}`]),
    typed([
      `for f in ${directory}/*${ENDING}; do`,
      `n=$(basename "$f" ${ENDING} | sed 's/%/\\\\x/g');`,
      `${client} --binary-mode --database="$(env printf '%b' "$n")" <"$f"; done`,
    ]),
    typed([`${client} --force <${directory}/${GRANTS}`]),
  ];
}

const ENDING = mariadbFile('');
