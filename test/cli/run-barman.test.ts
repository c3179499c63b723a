// Backing up a real PostgreSQL server by real barman-cloud into a real S3 server: what is told as done is done.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textAt } from '../../src/lib/json.ts';
import type { RecordedEvidence } from '../../src/journal/journal.ts';
import { barmanRuns } from '../support/barman-run.ts';
import type { ScratchHost } from '../support/cli.ts';

const evidence = (host: ScratchHost, kind: 'backup' | 'missing'): readonly RecordedEvidence[] => {
  using journal = host.journal();
  return journal.evidence({ service: 'db', kind, limit: 10 });
};

test('a backup is listed, on record with its cluster, and the next one lets go of the oldest, as many as are to stay', async (t) => {
  const { host, scene, run } = await barmanRuns(t, {}, { retention: { full: 1 } });
  const first = await run();
  assert.equal(first.code, 0, JSON.stringify(first.step));
  const [fact] = evidence(host, 'backup');
  const [systemId] = scene.server.sql('select system_identifier from pg_control_system()');
  assert.deepEqual(
    [fact?.snapshotId, fact?.complete, fact?.detail['systemId'], fact?.detail['place']],
    [scene.listed()[0], true, systemId, 's3://backups/pg/main'],
  );
  assert.ok(Date.parse(textAt(fact?.detail ?? {}, 'restorableUntil')) >= (fact?.at ?? Infinity) - 1000);
  const again = await run('--due');
  assert.deepEqual([again.code, again.step.outcome], [0, 'skipped']);
  const second = await run();
  assert.equal(second.code, 0, JSON.stringify(second.step));
  assert.deepEqual(scene.listed(), [second.step.result?.['snapshotId']]);
  assert.deepEqual(
    evidence(host, 'missing').map(({ snapshotId, detail }) => [snapshotId, detail['how']]),
    [[fact?.snapshotId, 'removed by retention']],
  );
  assert.deepEqual(host.leftovers(), []);
  const shown = await host.run(['--json', 'status']);
  assert.doesNotMatch(shown.stdout, /never backed up/);
  assert.match(shown.stdout, /"repo1"/);
  assert.ok(!JSON.stringify([first, second, shown, evidence(host, 'backup')]).includes('not-to-be-seen'));
});

test('only full backups are made of it', async (t) => {
  const { run } = await barmanRuns(t);
  assert.equal((await run('--type', 'incremental')).step.error?.code, 'usage');
});
