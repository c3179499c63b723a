// What `holdfast restore` and `holdfast drill` of a PostgreSQL server add to the `pgbackrest restore` in them: 2 GB that do not compress
// well, everything that the archive holds. Holdfast also replays the archive and asks the server that comes of it, which bare pgBackRest
// leaves to the next start: here its peer does so, too, with the same server, to the same end; and for a drill it reads all that comes
// back with the same programs.

import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { asOwner, OWNER, SERVER_PROGRAMS } from '../test/support/postgres.ts';
import { PORT, startProduction, USER } from '../test/support/pgbackrest.ts';
import type { Contestant } from './measure.ts';
import type { Scratch } from './scratch.ts';
import { type Bench, renderBench, wallRatio } from './table.ts';

/** A row is about 1 kB. */
const ROWS = 1_900_000;
const ROUNDS = 3;

export async function restoreServerBench(scratch: Scratch, rounds = ROUNDS): Promise<string> {
  using production = startProduction();
  production.sql(
    `CREATE TABLE bulk AS SELECT n, (SELECT string_agg(md5(n::text || part::text), '') FROM generate_series(1, 30) AS part) AS noise FROM generate_series(1, ${ROWS}) AS n`,
  );
  production.sql('ALTER SYSTEM SET max_wal_size = 256');
  production.pgbackrest('--type=full', '--process-max=2', 'backup');
  production.commit(100);
  production.archiveAll();
  const { data: dataDir, socket, configFile, root } = production;
  const config = scratch.writeConfiguration('holdfast.yaml', {
    stateDir: scratch.path('state'),
    services: {
      db: { postgres: { engine: 'pgbackrest', dataDir, stanza: 'db', user: USER, socket, port: PORT, configFile } },
    },
  });
  const to = `${root}/restored`;
  const byHand = (name: string, fsync: 'on' | 'off', looking: string): string => {
    const file = scratch.path(name);
    writeFileSync(file, scriptOf({ to, configFile, fsync, looking }));
    return file;
  };
  const restore = against(
    'restore',
    'and the replay of its archive',
    1.05,
    to,
    byHand('restore.sh', 'on', ''),
    scratch.holdfast(config, 'restore', 'db', '--to', to, '--quiet'),
  );
  const drill = against(
    'drill',
    'the replay of its archive, pg_amcheck, pg_dumpall and pg_checksums',
    1.1,
    to,
    byHand('drill.sh', 'off', LOOKING),
    scratch.holdfast(config, 'drill', 'db', '--quiet'),
  );
  return `${await renderBench(restore, scratch, rounds)}\n${await renderBench(drill, scratch, rounds)}`;
}

interface ByHand {
  readonly to: string;
  readonly configFile: string;
  /** A drill is thrown away. */
  readonly fsync: 'on' | 'off';
  /** While the server runs. */
  readonly looking: string;
}

/** With the programs of the server, as its owner. */
const LOOKING = `as pg_amcheck -h $to -p ${PORT} --all --install-missing --heapallindexed
as pg_dumpall -h $to -p ${PORT} --no-sync --file=/dev/null
`;

const scriptOf = ({ to, configFile, fsync, looking }: ByHand): string => {
  const programs = dirname(SERVER_PROGRAMS.need('pg_ctl'));
  const options = `-c listen_addresses= -c unix_socket_directories=${to} -c archive_mode=off -c hot_standby=off -c fsync=${fsync}`;
  return `set -eu; install -d -m 700 -o ${OWNER.uid} -g ${OWNER.gid} ${to}; cd /; to=${to}; export PATH=${programs}:$PATH
as() { setpriv --reuid ${OWNER.uid} --regid ${OWNER.gid} --clear-groups "$@"; }
as pgbackrest --config=${configFile} --stanza=db --pg1-path=${to} --archive-mode=off --log-level-console=error restore
as pg_ctl -D ${to} -w -t 600 -o "${options}" -l ${to}/log start
until [ "$(as psql -h ${to} -p ${PORT} -qAtX -d postgres -c 'SELECT pg_is_in_recovery()')" = f ]; do sleep 0.1; done
${looking}as pg_ctl -D ${to} -w -m fast stop
${looking === '' ? '' : 'as pg_checksums --check --pgdata $to\nas rm -rf $to'}
`;
};

const against = (
  command: 'restore' | 'drill',
  beside: string,
  limit: number,
  to: string,
  script: string,
  holdfast: Contestant['argv'],
): Bench => ({
  title: `holdfast ${command} of a PostgreSQL server of 2 GB against pgbackrest restore, ${beside}`,
  rounds: ROUNDS,
  warmUp: false,
  goals: [wallRatio(limit)],
  contestants: () => {
    const prepare = (): void => void asOwner('rm', ['-rf', to]);
    return [
      { name: 'by hand', argv: ['bash', script], prepare },
      { name: `holdfast ${command}`, argv: holdfast, prepare },
    ];
  },
});
