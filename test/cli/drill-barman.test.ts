// A drill of a real PostgreSQL server from what real barman-cloud keeps in a real S3 server.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import { barmanRuns } from '../support/barman-run.ts';
import { stepOf } from '../support/cli.ts';

test('a drill recovers the server in scratch, reads all of it, asks what is declared, and leaves its place as it was', async (t) => {
  const { host, scene, run } = await barmanRuns(t);
  const validator = { type: 'sql', database: 'postgres', query: 'select count(*) = 2 from kept' };
  host.services['db'] = { ...host.services['db'], protection: { validators: [validator] } };
  scene.server.sql('create table kept (n int); insert into kept values (1)');
  assert.equal((await run()).code, 0);
  scene.server.sql('insert into kept values (2)');
  scene.server.finishFile();
  scene.server.waitForArchiver();
  const before = scene.listed();
  const { code, stdout } = await host.run(['--json', 'drill', 'db']);
  const step = stepOf(JSON.parse(stdout) as Report, 'drill:db@repo1');
  assert.equal(code, 0, JSON.stringify(step));
  assert.equal(typeof step.result?.['rtoSeconds'], 'number');
  assert.deepEqual(step.result?.['read'], ['indexes', 'rows', 'pages']);
  assert.deepEqual(scene.listed(), before);
  assert.deepEqual(host.leftovers(), []);
});
