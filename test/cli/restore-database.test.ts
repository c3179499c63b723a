// `holdfast restore --database`: one database as it was, beside what the server in service has, or nothing at all.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ScratchHost } from '../support/cli.ts';
import { PORT, startProduction, USER } from '../support/pgbackrest.ts';

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
  const refused = await host.run(restore);
  assert.equal(refused.code, 2);
  assert.equal(production.sql(DATABASES).replace('second,', ''), `Shop "then",holdfast_of_somebody_else,my shop's`);
  assert.deepEqual(
    readdirSync(production.root).filter((name) => name.startsWith('.holdfast')),
    [],
  );
  assert.equal(production.digest(), archived);
});
