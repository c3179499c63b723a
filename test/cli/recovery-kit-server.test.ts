// The page for a machine that is lost, of a real PostgreSQL server that real barman-cloud keeps: its lines bring the server back.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import type { Kit } from '../../src/engine/recovery-kit/kit.ts';
import { barmanRuns } from '../support/barman-run.ts';
import { asOwner } from '../support/postgres.ts';

test('whoever types what the page says of a server in a bucket has every row, and a server that does not archive', async (t) => {
  const { host, scene, run } = await barmanRuns(t);
  const { server } = scene;
  host.addRepository('near');
  server.sql('create table kept (n int); insert into kept values (1)');
  assert.equal((await run()).code, 0);
  server.sql('insert into kept values (2)');
  server.finishFile();
  server.waitForArchiver();
  const told = JSON.parse((await host.run(['--json', 'recovery-kit', 'near'])).stdout) as { readonly kits: readonly Kit[] };
  const [other] = told.kits[0]?.others ?? [];
  assert.match(other?.why ?? '', /kept by barman-cloud, in s3:.+\/pg\/main at http.+ the keys were in .+credentials/);
  const [backup = ''] = scene.listed();
  server.stop();
  const { dataDir } = server.declared;
  for (const name of readdirSync(dataDir)) asOwner('rm', ['-rf', `${dataDir}/${name}`]);
  const lines = (other?.byHand ?? []).map((line) => line.replace(' ID ', ` ${backup} `));
  const shown = execFileSync('bash', ['-e'], { input: lines.join('\n'), encoding: 'utf8', cwd: '/' });
  assert.match(shown, new RegExp(backup), 'the first line shows which there are');
  server.start();
  server.until('not pg_is_in_recovery()');
  assert.deepEqual(server.sql('select n from kept order by n'), ['1', '2']);
  assert.deepEqual(server.sql('show archive_mode'), ['off']);
});
