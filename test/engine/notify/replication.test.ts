// What is told of snapshots by calendar and of replication, and when it is over.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Configuration } from '../../../src/config/configuration.ts';
import { duration } from '../../../src/domain/duration.ts';
import { stepId } from '../../../src/domain/naming.ts';
import { SNAPSHOT_KINDS, type SnapshotPolicy } from '../../../src/domain/snapshot-policy.ts';
import type { KilledUnit } from '../../../src/engine/notify/killed-units.ts';
import { target } from '../support/replication.ts';
import { NotifiedHost } from './support.ts';

const minute = duration(1, 'm');
const hour = duration(1, 'h');
const keep = Object.fromEntries(SNAPSHOT_KINDS.map((kind) => [kind, 2])) as SnapshotPolicy['keep'];
const policy = (dataset: string): SnapshotPolicy => ({ dataset, reach: 'itself', keep, autosnap: true, autoprune: true });

const DECLARED: Configuration['replication'] = {
  snapshots: { adopt: 'beside', datasets: [policy('tank/a'), policy('shelf/b')] },
  targets: [target({ name: 'nas', datasets: ['tank'], exclude: ['tank/cache'] })],
};
const NOTHING: Configuration['replication'] = { snapshots: { adopt: 'beside', datasets: [] }, targets: [] };

function zfsHost(): NotifiedHost {
  const host = new NotifiedHost([]);
  host.replication = DECLARED;
  keepUp(host);
  host.pass(minute);
  return host;
}

/** All that recurs has just run, so that nothing is missed. */
function keepUp(host: NotifiedHost): void {
  for (const pool of ['tank', 'shelf']) host.other('snapshot-take', stepId.takeSnapshots(pool));
  for (const pool of ['tank', 'shelf']) host.other('snapshot-prune', stepId.pruneSnapshots(pool));
  host.other('replicate', stepId.lag('nas'));
}

const open = (host: NotifiedHost): string[] => host.journal.notifications.problems().map(({ key }) => key);

const FAILURES = [
  ['snapshot-take', stepId.takeSnapshots('tank')],
  ['snapshot-take', stepId.takeSnapshots('tank/a')],
  ['snapshot-prune', stepId.pruneSnapshots('shelf')],
  ['replicate', stepId.replicate('tank/a', 'nas')],
  ['replicate', stepId.lag('nas')],
] as const;

for (const [kind, key] of FAILURES)
  test(`what is wrong with ${key} is nobody’s problem once it is no longer declared`, async () => {
    using host = zfsHost();
    host.failed(kind, key, 'broken');
    host.pass(minute);
    await host.flush();
    assert.deepEqual(open(host), [key]);
    host.replication = NOTHING;
    host.pass(minute);
    await host.flush();
    assert.deepEqual(open(host), []);
    assert.deepEqual(
      host.titles().filter((title) => title.startsWith('Resolved')),
      [],
      'it is not called mended',
    );
  });

test('a dataset that is no longer sent, or excluded, is nobody’s problem, and the others stay one', async () => {
  using host = zfsHost();
  host.failed('replicate', stepId.replicate('tank/cache/b', 'nas'), 'broken');
  host.failed('replicate', stepId.replicate('tank/a', 'nas'), 'broken');
  await host.flush();
  host.pass(minute);
  await host.flush();
  assert.deepEqual(open(host), [stepId.replicate('tank/a', 'nas')]);
});

test('a failure to send is over when a later run finds nothing left to send', async () => {
  using host = zfsHost();
  host.failed('replicate', stepId.replicate('tank/a', 'nas'), 'refused');
  await host.flush();
  host.pass(hour);
  host.other('replicate', stepId.lag('nas'), { datasets: [{ dataset: 'tank/a', lagSeconds: 60 }] });
  host.pass(minute);
  await host.flush();
  assert.deepEqual(open(host), [stepId.replicate('tank/a', 'nas')], 'it is still behind');
  host.other('replicate', stepId.lag('nas'), { datasets: [{ dataset: 'tank/a', lagSeconds: 0 }] });
  host.pass(minute);
  await host.flush();
  assert.equal(host.titles().at(-1), 'Resolved: replication of tank/a@nas (forge)');
});

test('a dataset that was missing is told as there again by the next run that has it', async () => {
  using host = zfsHost();
  host.failed('snapshot-take', stepId.takeSnapshots('tank/a'), 'tank/a does not exist');
  await host.flush();
  host.pass(hour);
  host.other('snapshot-take', stepId.takeSnapshots('tank'));
  host.pass(minute);
  await host.flush();
  assert.equal(host.titles().at(-1), 'Resolved: taking of snapshots in tank/a (forge)');
});

for (const [kind, key] of [
  ['snapshot-take', stepId.takeSnapshots('tank')],
  ['snapshot-prune', stepId.pruneSnapshots('tank')],
  ['replicate', stepId.lag('nas')],
] as const) {
  const unit = kind === 'replicate' ? 'holdfast-replicate@nas.service' : `holdfast-${kind}.service`;

  test(`a process of ${kind} that died in the midst of it is told as that`, async () => {
    using host = zfsHost();
    host.died(kind, key);
    host.pass(minute);
    await host.flush();
    assert.equal(host.sent.length, 1);
    assert.match(host.sent[0]?.message.body ?? '', /the process ended without a word/);
  });

  test(`${unit} that was killed before its run was on record is told, and is over when one succeeds`, async () => {
    using host = zfsHost();
    host.pass(minute);
    const startedAt = host.now;
    host.pass(minute);
    const dead: KilledUnit[] = [{ unit, result: 'oom-kill', startedAt, endedAt: host.now }];
    const killed = () => Promise.resolve(dead);
    await host.flush({ killed });
    await host.flush({ killed });
    assert.equal(host.sent.length, 1, host.titles().join(', '));
    assert.match(host.sent[0]?.message.body ?? '', new RegExp(`${unit} was ended \\(oom-kill\\)`));
    host.pass(hour);
    keepUp(host);
    host.pass(minute);
    await host.flush({ killed });
    assert.match(host.titles().at(-1) ?? '', /^Resolved: /);
    assert.deepEqual(open(host), []);
  });
}
