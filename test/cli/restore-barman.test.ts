// Having a real PostgreSQL server back from what real barman-cloud keeps in a real S3 server.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, readlinkSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import { barmanRuns } from '../support/barman-run.ts';
import { rowsOf } from '../support/pgbackrest.ts';
import { ownDirectory } from '../support/postgres.ts';
import { stepOf } from '../support/cli.ts';

test('a moment comes back beside the server with its tablespace, and does not archive', async (t) => {
  const { host, scene, run } = await barmanRuns(t);
  const { server } = scene;
  const space = ownDirectory(host.path('pg/space'));
  server.sql(`create tablespace "the space" location '${space}'`);
  server.sql('create table kept (n int) tablespace "the space"; insert into kept values (1)');
  assert.equal((await run()).code, 0);
  server.sql('insert into kept values (2)');
  server.sql('select pg_sleep(1.1)');
  const [moment = ''] = server.sql("select to_char(clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS.MSOF')");
  server.sql('select pg_sleep(1.1)');
  server.sql('delete from kept');
  server.finishFile();
  server.waitForArchiver();
  const to = host.path('pg/then');
  const restored = await host.run(['--json', 'restore', 'db', '--at', moment, '--to', to]);
  const step = stepOf(JSON.parse(restored.stdout) as Report, 'restore:db@repo1');
  assert.equal(restored.code, 0, JSON.stringify(step));
  const data = join(to, 'data');
  assert.equal(rowsOf(data, "select string_agg(n::text, ',' order by n) from kept"), '1,2');
  const settings = readFileSync(join(data, 'postgresql.auto.conf'), 'utf8');
  assert.match(settings, /^archive_mode = 'off'$/m);
  assert.doesNotMatch(settings, /restore_command|recovery_target/);
  assert.ok(!existsSync(join(data, 'recovery.signal')));
  const [link = ''] = readdirSync(join(data, 'pg_tblspc'));
  assert.ok(readlinkSync(join(data, 'pg_tblspc', link)).startsWith(to), 'and not where production has it');
  assert.deepEqual(host.leftovers(), []);
});
