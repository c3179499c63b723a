// A real PostgreSQL server put back to a moment where it is, from what real barman-cloud keeps.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import { barmanRuns } from '../support/barman-run.ts';
import { stepOf } from '../support/cli.ts';

test('a server goes back to a moment in its place, and what was there is kept; not while it runs', async (t) => {
  const { host, scene, run } = await barmanRuns(t);
  const { server } = scene;
  server.sql('create table kept (n int); insert into kept values (1)');
  assert.equal((await run()).code, 0);
  server.sql('insert into kept values (2); select pg_sleep(1.1)');
  const [moment = ''] = server.sql("select to_char(clock_timestamp(), 'YYYY-MM-DD HH24:MI:SS.MSOF')");
  server.sql('select pg_sleep(1.1)');
  server.sql('delete from kept');
  server.finishFile();
  server.waitForArchiver();
  const back = ['--json', 'restore', 'db', '--in-place', '--at', moment] as const;
  const running = await host.run([...back]);
  assert.match(running.stdout + running.stderr, /a server runs on/);
  assert.notEqual(running.code, 0);
  server.stop();
  const restored = await host.run([...back]);
  const step = stepOf(JSON.parse(restored.stdout) as Report, 'restore:db@repo1');
  assert.equal(restored.code, 0, JSON.stringify(step));
  assert.match(JSON.stringify(step.result?.['kept']), /pg.+data/);
  server.start();
  server.until('not pg_is_in_recovery()');
  assert.deepEqual(server.sql('select n from kept order by n'), ['1', '2']);
});
