// `holdfast restore --database`: one database as it was, beside what the server in service has, or nothing at all.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connectionTo } from '../../src/tools/postgresql/live-server.ts';
import { ScratchHost } from '../support/cli.ts';
import { argvAs } from '../../src/tools/util-linux/as-user.ts';
import { PORT, startProduction, USER } from '../support/pgbackrest.ts';
import { OWNER, SERVER_PROGRAMS } from '../support/postgres.ts';

const DATABASES =
  "SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database WHERE datname !~ '^(template|postgres)'";

test('a database comes back under another name, never over what is there, and nothing half made stays', async () => {
  using production = startProduction();
  using host = new ScratchHost();
  const { data: dataDir, socket, configFile } = production;
  host.services = {
    db: { postgres: { engine: 'pgbackrest', dataDir, stanza: 'db', user: USER, socket, port: PORT, configFile } },
  };
  production.sql(`CREATE DATABASE "my shop's"`);
  production.sql('CREATE TABLE orders AS SELECT n FROM generate_series(1, 1000) n', `my shop's`);
  production.pgbackrest('--type=full', 'backup');
  production.commit(3);
  const last = production.committed.at(-1);
  assert.ok(last);
  production.sql('DELETE FROM orders', `my shop's`);
  production.archiveAll();
  const archived = production.digest();
  const at = new Date(Number(last.after / 1000n) + 1).toISOString();
  const restore = ['restore', 'db', '--database', `my shop's`, '--at', at];

  const over = await host.run(restore);
  assert.equal(over.code, 2, over.stdout + over.stderr);
  assert.match((over.stdout + over.stderr).replaceAll(/\s+/g, ' '), /never loads into one that is there/);

  const beside = await host.run([...restore, '--as', 'Shop "then"']);
  assert.equal(beside.code, 0, beside.stdout + beside.stderr);
  assert.equal(production.sql('SELECT count(*), sum(n) FROM orders', 'Shop "then"'), '1000|500500');
  assert.equal(production.sql('SELECT count(*) FROM orders', `my shop's`), '0');
  assert.equal(production.sql(DATABASES), `Shop "then",my shop's`);

  const gone = await host.run(['restore', 'db', '--database', 'never', '--at', at]);
  assert.equal(gone.code, 2);
  assert.match(gone.stdout.replaceAll(/\s+/g, ' '), /there was no database never then/);

  // killed while it loads: the next command takes away exactly what was being made
  production.sql('CREATE DATABASE holdfast_of_somebody_else');
  const { child, ended } = host.start([...restore, '--as', 'second']);
  const loading = (): boolean => /holdfast_0/.test(production.sql(DATABASES));
  while (!loading()) await delay(20);
  child.kill('SIGKILL');
  await ended;
  // somebody looks into it: that does not keep it there
  const half = production.sql("SELECT datname FROM pg_database WHERE datname LIKE 'holdfast\\_0%'");
  const [program, ...user] = argvAs(OWNER, SERVER_PROGRAMS.need('psql'));
  const look = spawn(program, [...user, '-h', socket, '-p', String(PORT), '-Xc', 'SELECT pg_sleep(600)', half], {
    cwd: '/',
  });
  while (
    production.sql(`SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(600)' AND datname = '${half}'`) === '0'
  )
    await delay(20);
  const refused = await host.run(restore);
  assert.equal(refused.code, 2);
  assert.equal(production.sql(DATABASES).replace('second,', ''), `Shop "then",holdfast_of_somebody_else,my shop's`);
  assert.deepEqual(
    readdirSync(production.root).filter((name) => name.startsWith('.holdfast')),
    [],
  );
  assert.equal(production.digest(), archived);
  look.kill();
});

test('what a database is beside its tables comes back with it: owner, locale, grants, settings; the caller cannot lead it elsewhere', async () => {
  using production = startProduction();
  using host = new ScratchHost();
  const { data: dataDir, socket, configFile } = production;
  host.services = {
    db: { postgres: { engine: 'pgbackrest', dataDir, stanza: 'db', user: USER, socket, port: PORT, configFile } },
  };
  const name = 'a=b c';
  production.sql('CREATE ROLE "the owner"; CREATE ROLE reader; CREATE ROLE "writer\'s"');
  production.sql(
    `CREATE DATABASE "${name}" OWNER "the owner" TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'POSIX' CONNECTION LIMIT 7`,
  );
  production.sql(`
    REVOKE ALL ON DATABASE "${name}" FROM PUBLIC;
    GRANT CONNECT ON DATABASE "${name}" TO reader WITH GRANT OPTION;
    GRANT TEMP ON DATABASE "${name}" TO "writer's";
    ALTER DATABASE "${name}" SET search_path = "Two, three", public;
    ALTER DATABASE "${name}" SET application_name = 'it''s, one';
    ALTER ROLE reader IN DATABASE "${name}" SET work_mem = '8MB';
  `);
  production.sql('CREATE EXTENSION pg_trgm; CREATE TABLE t (n int); GRANT SELECT ON t TO reader', connectionTo(name));
  production.pgbackrest('--type=full', 'backup');
  production.commit(1);
  production.archiveAll();
  const env = { PGHOST: '/nowhere', PGPORT: '1', PGSERVICE: 'none', PGOPTIONS: '-c nonsense=1' };
  const { code, stdout, stderr } = await host.run(['restore', 'db', '--database', name, '--as', 'other'], { env });
  assert.equal(code, 0, stdout + stderr);
  const traits = (database: string): string =>
    production.sql(`SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype, datconnlimit,
      (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM unnest(datacl) a),
      (SELECT string_agg(setrole::regrole || ' ' || setconfig::text, ' ' ORDER BY setrole) FROM pg_db_role_setting WHERE setdatabase = d.oid)
      FROM pg_database d WHERE datname = '${database}'`);
  assert.match(traits(name), /^the owner\|LATIN1\|C\|C\|7\|.*reader=c\*/);
  assert.equal(traits('other'), traits(name));
  assert.equal(production.sql("SELECT extname FROM pg_extension WHERE extname = 'pg_trgm'", 'other'), 'pg_trgm');
  assert.equal(production.sql("SELECT has_table_privilege('reader', 'public.t', 'SELECT')", 'other'), 't');
});
