// `holdfast restore` of a PostgreSQL server of which the archive knows several timelines, on a real one with real pgBackRest.

import assert from 'node:assert/strict';
import { chmodSync, existsSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { PATH, ScratchHost } from '../support/cli.ts';
import { PORT, type Production, rowsOf, startProduction, USER } from '../support/pgbackrest.ts';
import { asOwner, ownDirectory, SERVER_PROGRAMS } from '../support/postgres.ts';

const ROWS = 'SELECT count(*) FROM ledger';

test('the timeline that was shown is followed, whatever comes into the archive meanwhile; what goes on beside it is told', async () => {
  using production = startProduction();
  using host = new ScratchHost();
  const { data: dataDir, socket, configFile, root } = production;
  host.services = {
    db: { postgres: { engine: 'pgbackrest', dataDir, stanza: 'db', user: USER, socket, port: PORT, configFile } },
  };
  production.pgbackrest('--type=full', 'backup');
  production.commit(10);
  production.archiveAll();
  const archive = join(production.repository, 'archive/db/15-1');
  anotherServerArchives(production);
  const away = ownDirectory(join(root, 'away'));
  asOwner('sh', ['-c', `mv '${archive}'/00000002* '${away}'`]);
  production.commit(10);
  production.archiveAll();

  // what it archives comes after the repositories were asked, and before anything is restored
  host.script('bin/pgbackrest', `case "$*" in *' restore '*) mv '${away}'/* '${archive}';; esac\nexec "$REAL" "$@"`);
  const env = {
    PATH: [host.path('bin'), PATH].join(delimiter),
    REAL: asOwner('sh', ['-c', 'command -v pgbackrest']).trim(),
  };
  chmodSync(host.root, 0o755); // the user of the server runs it
  const to = join(root, 'pinned');
  const pinned = await host.run(['restore', 'db', '--to', to], { env });
  assert.equal(pinned.code, 0, pinned.stdout + pinned.stderr);
  assert.equal(existsSync(join(archive, '00000002.history')), true);
  assert.equal(rowsOf(join(to, 'data'), ROWS), '20');
  rmSync(to, { recursive: true });

  const dry = await host.run(['restore', 'db', '--to', to, '--dry-run']);
  const said = (dry.stdout + dry.stderr).replaceAll(/\s+/g, ' ');
  assert.equal(dry.code, 0, said);
  assert.match(said, /the log of timeline 2 after it/);
  assert.match(said, /timeline 2 is followed, and timeline 1 goes on beside it, to 0{7}10{8}0{7}\w of 20\S+Z/);

  const first = await host.run(['restore', 'db', '--to', to, '--timeline', '1']);
  assert.equal(first.code, 0, first.stdout + first.stderr);
  assert.equal(rowsOf(join(to, 'data'), ROWS), '20');
});

/** Restored by hand with archiving left on: it begins a timeline in the archive of production, and goes on there. */
function anotherServerArchives(production: Production): void {
  const { root, socket, configFile } = production;
  const other = ownDirectory(join(root, 'other'));
  production.pgbackrest(`--pg1-path=${other}`, '--type=default', 'restore');
  const push = `pgbackrest --config=${configFile} --stanza=db --pg1-path=${other} archive-push %p`;
  const control = (...args: string[]): string => asOwner(SERVER_PROGRAMS.need('pg_ctl'), ['-D', other, '-w', ...args]);
  const sql = (text: string): string =>
    asOwner(SERVER_PROGRAMS.need('psql'), ['-h', socket, '-p', '5998', '-qAtX', '-d', 'postgres'], text).trim();
  control('-l', join(root, 'log/other.log'), '-o', `-p 5998 -c "archive_command=${push}"`, 'start');
  while (sql('SELECT pg_is_in_recovery()') === 't') sql('SELECT pg_sleep(0.1)');
  const file = sql('CREATE TABLE of_the_other (); SELECT pg_walfile_name(pg_switch_wal())');
  while (sql('SELECT last_archived_wal FROM pg_stat_archiver') < file) sql('SELECT pg_sleep(0.1)');
  control('-m', 'immediate', 'stop');
  rmSync(other, { recursive: true });
}

test('a timeline of which the archive has no history is followed from a backup that was made on it', async () => {
  using production = startProduction();
  using host = new ScratchHost();
  const { data: dataDir, socket, configFile, root } = production;
  host.services = {
    db: { postgres: { engine: 'pgbackrest', dataDir, stanza: 'db', user: USER, socket, port: PORT, configFile } },
  };
  // put into service by hand: promoted where nothing is archived
  production.sql("ALTER SYSTEM SET archive_command = '/bin/true'");
  production.stop();
  asOwner('sh', [
    '-c',
    `: >'${dataDir}/recovery.signal'; echo "restore_command = 'false'" >>'${dataDir}/postgresql.auto.conf'`,
  ]);
  production.start();
  while (production.sql('SELECT pg_is_in_recovery()') === 't') production.sql('SELECT pg_sleep(0.1)');
  production.sql('CHECKPOINT');
  production.sql('ALTER SYSTEM RESET archive_command');
  production.sql('SELECT pg_reload_conf()');
  asOwner('rm', ['-f', `${dataDir}/pg_wal/00000002.history`, `${dataDir}/pg_wal/archive_status/00000002.history.ready`]);
  production.pgbackrest('--type=full', 'backup');
  production.commit(5);
  production.archiveAll();
  asOwner('rm', ['-f', join(production.repository, 'archive/db/15-1/00000002.history')]);
  const to = join(root, 'orphan');
  const { code, stdout, stderr } = await host.run(['restore', 'db', '--to', to]);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /timeline 2 after it/);
  assert.equal(rowsOf(join(to, 'data'), ROWS), '5');
});
