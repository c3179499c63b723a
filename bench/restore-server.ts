// What `holdfast restore` of a PostgreSQL server adds to the `pgbackrest restore` in it: 2 GB that do not compress well, everything
// that the archive holds. Holdfast also replays the archive and asks the server that comes of it, which bare pgBackRest leaves to the
// next start: here its peer does so, too, with the same server, to the same end.

import { writeFileSync } from 'node:fs';
import { asOwner, OWNER, SERVER_PROGRAMS } from '../test/support/postgres.ts';
import { PORT, startProduction, USER } from '../test/support/pgbackrest.ts';
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
  const bare = scratch.path('bare.sh');
  const control = SERVER_PROGRAMS.need('pg_ctl');
  const options = `-c listen_addresses= -c unix_socket_directories=${to} -c archive_mode=off -c fsync=on`;
  writeFileSync(
    bare,
    `set -eu; install -d -m 700 -o ${OWNER.uid} -g ${OWNER.gid} ${to}; cd /
as() { setpriv --reuid ${OWNER.uid} --regid ${OWNER.gid} --clear-groups "$@"; }
as pgbackrest --config=${configFile} --stanza=db --pg1-path=${to} --archive-mode=off --log-level-console=error restore
as ${control} -D ${to} -w -t 600 -o "${options}" -l ${to}/log start
until [ "$(as psql -h ${to} -p ${PORT} -qAtX -d postgres -c 'SELECT pg_is_in_recovery()')" = f ]; do sleep 0.1; done
as ${control} -D ${to} -w -m fast stop
`,
  );
  return await renderBench(against(config, bare, to), scratch, rounds);
}

const against = (config: string, bare: string, to: string): Bench => ({
  title: 'holdfast restore of a PostgreSQL server of 2 GB against pgbackrest restore and the replay of its archive',
  rounds: ROUNDS,
  warmUp: false,
  goals: [wallRatio(1.05)],
  contestants: (scratch) => {
    const prepare = (): void => void asOwner('rm', ['-rf', to]);
    return [
      { name: 'pgbackrest restore, replay', argv: ['bash', bare], prepare },
      { name: 'holdfast restore', argv: scratch.holdfast(config, 'restore', 'db', '--to', to, '--quiet'), prepare },
    ];
  },
});
