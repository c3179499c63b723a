// The lines by which dumped databases are loaded by hand: into a server that runs and has none of them.

import type { DumpsConfig, ServiceConfig } from '../../config/configuration.ts';
import { GLOBALS, OF_EVERY_SERVER } from '../../domain/database-dumps.ts';
import { shellWord } from '../../lib/shell-word.ts';
import { typed } from '../../tools/restic/by-hand.ts';
import type { KitDumps } from './kit.ts';

export const kitDumps = ({ backup }: ServiceConfig): KitDumps | null =>
  backup?.dumps
    ? { place: backup.dumps.place, user: backup.dumps.server.user, connection: connectionOf(backup.dumps) }
    : null;

const connectionOf = ({ server: { socket, port } }: DumpsConfig): readonly string[] => [
  ...(socket === null ? [] : [`--host=${socket}`]),
  ...(port === 5432 ? [] : [`--port=${port}`]),
];

/** `below`: where what was restored lies, '' for the live paths. The user of the server need not be able to read what is there. */
export function loadCommands({ place, user, connection }: KitDumps, below: string): string[] {
  const directory = below === '' ? shellWord(place) : `${below}${shellWord(place)}`;
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
