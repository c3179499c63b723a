// A server whose data is gone, of which barman-cloud keeps a backup: it comes back before it starts, and how new it can be had is watched.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import { barmanRuns } from '../support/barman-run.ts';
import { stepOf } from '../support/cli.ts';

test('lost data comes back from its place, and the server that starts on it archives again on a timeline of its own', async (t) => {
  const { host, scene, run } = await barmanRuns(t);
  const { server } = scene;
  server.sql('create table kept (n int); insert into kept values (1)');
  assert.equal((await run()).code, 0);
  server.sql('insert into kept values (2)');
  const watched = await host.run(['--json', 'postgres', 'watch', 'db']);
  assert.equal(watched.code, 0, watched.stdout);
  server.finishFile();
  server.waitForArchiver();
  server.stop();
  rmSync(server.data, { recursive: true });
  const recovered = await host.run(['--json', 'recover', 'db']);
  const step = stepOf(JSON.parse(recovered.stdout) as Report, 'recover:db');
  assert.equal(recovered.code, 0, JSON.stringify(step));
  server.start();
  server.until('not pg_is_in_recovery()');
  assert.deepEqual(server.sql('select n from kept order by n'), ['1', '2']);
  server.finishFile();
  server.waitForArchiver();
  assert.match(server.sql('select last_archived_wal from pg_stat_archiver')[0] ?? '', /^00000002/);
});
