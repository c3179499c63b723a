// What may not come to a place of barman-cloud, which looks at no identity of a cluster.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Report } from '../../src/domain/report.ts';
import { barmanRuns } from '../support/barman-run.ts';

test('another cluster in the place of the old one is refused, and nothing of what is there is touched', async (t) => {
  const { scene, run } = await barmanRuns(t);
  assert.equal((await run()).code, 0);
  const before = scene.listed();
  scene.server.replace();
  scene.archive();
  const { code, step } = await run();
  assert.equal(code, 2);
  assert.equal(step.error?.code, 'refused');
  assert.match(step.error.message, /holds backups of another cluster/);
  assert.deepEqual(scene.listed(), before);
});

test('log of another cluster, of which no backup is there, is known by what it says itself', async (t) => {
  const { scene, run } = await barmanRuns(t);
  scene.server.finishFile();
  scene.server.waitForArchiver();
  scene.server.replace();
  const other = await run();
  assert.equal(other.step.error?.code, 'refused', JSON.stringify(other.step));
  assert.match(other.step.error?.message ?? '', /holds log of another cluster \(\d{15,}; the server is \d{15,}\)/);
  assert.deepEqual(scene.listed(), []);
});

test('a server that does not archive is not backed up, and told what it needs; configure says the same, and then tries it', async (t) => {
  const { host, scene, run } = await barmanRuns(t, { quiet: true });
  const { step } = await run();
  assert.equal(step.error?.code, 'failed');
  assert.match(step.error?.hint ?? '', /ALTER SYSTEM SET archive_command = 'env .* barman-cloud-wal-archive .* main %p';/);
  assert.deepEqual(scene.listed(), []);
  const rehearsal = await host.run(['postgres', 'configure', '--dry-run', 'db']);
  assert.match(rehearsal.stdout, /holds no backup yet[^]*ALTER SYSTEM SET archive_command/);
  scene.archive();
  const configured = await host.run(['--json', 'postgres', 'configure', 'db']);
  const report = JSON.parse(configured.stdout) as Report;
  assert.equal(configured.code, 0, JSON.stringify(report.steps));
  const [archived] = scene.server.sql('select last_archived_wal from pg_stat_archiver');
  assert.match(archived ?? '', /^[0-9A-F]{24}$/);
});
