import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { renderStatus } from '../../src/cli/render-status.ts';
import { widthOf } from '../../src/cli/table.ts';
import { statusOf } from '../../src/engine/status/status.ts';
import { openTransientJournal } from '../../src/journal/open-journal.ts';
import {
  EPHEMERAL,
  hoursAgo,
  NOW,
  recordBackup,
  NO_CHANNELS,
  REPOSITORIES,
  service,
  snapshotId,
  STANDARD,
} from '../engine/support/host.ts';
import { duration } from '../../src/domain/duration.ts';
import { parsed, scratchHost } from './support/scratch-host.ts';

const VIEW = { columns: 80, colors: false };

test('the screen says problems first, then a line for each service, then what it comes to', () => {
  using journal = openTransientJournal();
  recordBackup(journal, { service: 'sonarr', repository: 'nas' }, { at: hoursAgo(2), id: snapshotId('1') });
  recordBackup(journal, { service: 'sonarr', repository: 'far' }, { at: hoursAgo(72), id: snapshotId('2') });
  const blocked = { at: hoursAgo(3), outcome: 'blocked', reason: 'Check that far can be written: no answer' } as const;
  recordBackup(journal, { service: 'sonarr', repository: 'far' }, blocked);
  const services = [
    service('sonarr'),
    service('plex', { protection: { ...STANDARD, drilledWithin: duration(32, 'd') } }),
    service('cache', { backup: null, protection: EPHEMERAL }),
  ];
  const report = statusOf({
    config: { host: 'forge', repositories: REPOSITORIES, notifications: NO_CHANNELS },
    services,
    journal,
    now: NOW,
  });
  assert.equal(
    renderStatus(report, VIEW),
    `✗ never backed up: plex
    holdfast run plex

   SERVICE  3-2-1  NEWEST  RPO  DRILLED  BACK IN  RTO
✗  plex     ✗ ✗ ✗    none  26h    never        -    -
   1 of 3 copies; 1 of 2 media; no offsite copy
!  sonarr   ✗ ✓ ✗      2h  26h    never        -    -
   2 of 3 copies; no offsite copy; far: 3d old, owed within 2d 2h
   last run to far: blocked 3h ago: Check that far can be written: no answer
-  cache  owed nothing, by its class

never drilled: plex

3 services on forge: 1 unprotected, 1 at risk, 1 owed nothing
`,
  );
});

test('twenty services with long names and reasons fit 80 columns', () => {
  using journal = openTransientJournal();
  const services = Array.from({ length: 20 }, (_, index) => service(`a-rather-long-name-${index}`));
  for (const { name } of services.slice(0, 10)) {
    const reason =
      'Check that far can be written: the file system did not answer: no answer within 10 s, and more of it\u001b[31m';
    recordBackup(journal, { service: name, repository: 'far' }, { at: hoursAgo(3), outcome: 'blocked', reason });
  }
  const report = statusOf({
    config: { host: 'forge', repositories: REPOSITORIES, notifications: NO_CHANNELS },
    services,
    journal,
    now: NOW,
  });
  const screen = renderStatus(report, VIEW);
  for (const line of screen.split('\n')) assert.ok(widthOf(line) <= 80, line);
  assert.ok(!screen.includes('\u001b'), 'foreign control characters are escaped');
  assert.match(screen, /^✗ never backed up \(20\): a-rather-long-name-0@nas, /);
});

test('status answers before anything ran, and makes nothing', async () => {
  using host = await scratchHost({ more: '  cache: {protection: {class: ephemeral}}\n' });
  const { code, out, err } = await host.holdfast('status', '--check', 'cache');
  assert.equal(code, 0, err);
  assert.match(out, /^- cache: owed nothing \(class ephemeral, on testhost\)\n/);
  assert.equal(existsSync(host.stateDir), false);
});

test('status follows a real backup, and --refresh finds what came and what went behind its back', async () => {
  using host = await scratchHost({ repositories: ['near', 'far'], services: ['alpha', 'beta'] });
  const before = await host.holdfast('status', '--check');
  assert.equal(before.code, 2, before.err);
  assert.match(before.out, /^✗ never backed up \(2\): alpha, beta\n/);

  const ran = await host.holdfast('run', 'alpha');
  assert.equal(ran.code, 0, ran.err);
  const after = parsed(await host.holdfast('--json', 'status', 'alpha'));
  const [alpha] = after['services'] as { jobs: { newest: { snapshotId: string } }[]; copies: unknown }[];
  assert.deepEqual(alpha?.copies, { have: 3, owed: 3 });
  const lost = alpha?.jobs[0]?.newest.snapshotId ?? '';

  // one comes from another machine's disk, so to say; one goes
  await host.restic('near', 'backup', '--quiet', '--host', 'testhost', '--tag', 'holdfast:job=beta', host.file('data/beta'));
  await host.restic('near', 'forget', '--quiet', lost);
  const refreshed = await host.holdfast('--json', 'status', '--refresh');
  assert.equal(refreshed.code, 1, refreshed.err);
  const report = parsed(refreshed);
  assert.equal(report['kind'], 'status');
  const services = report['services'] as { jobs: { newest: unknown; standing: string }[] }[];
  assert.equal(services[0]?.jobs[0]?.newest, null);
  assert.equal(services[1]?.jobs[0]?.standing, 'none', 'nobody knows whether what was found is complete');
  assert.match(JSON.stringify(report['problems']), new RegExp(`its newest complete snapshot ${lost.slice(0, 8)} is gone`));
  // and it stays an alarm until there is a new copy
  assert.equal((await host.holdfast('status', '--check')).code, 2);
  const again = await host.holdfast('run', 'alpha', '--repository', 'near');
  assert.equal(again.code, 0, again.err);
  assert.doesNotMatch((await host.holdfast('status', 'alpha')).out, /gone/);
});

test('when the journal is lost, what is found is neither called incomplete nor complete, and the next run proves it', async () => {
  using host = await scratchHost({ repositories: ['near'], services: ['alpha'] });
  assert.equal((await host.holdfast('run')).code, 0);
  rmSync(host.stateDir, { recursive: true });
  assert.match((await host.holdfast('status')).out, /^✗ never backed up: alpha\n/);
  const refreshed = await host.holdfast('status', '--refresh');
  assert.equal(refreshed.code, 0, refreshed.err);
  assert.match(
    refreshed.out,
    /^! holds [0-9a-f]{8} of .* ago, and no record tells whether that is complete:\s+alpha@near\n/,
  );
  assert.doesNotMatch(refreshed.out, /never backed up/);
  assert.doesNotMatch((await host.holdfast('snapshots')).out, /incomplete/);
  const listed = parsed(await host.holdfast('--json', 'snapshots'))['snapshots'] as { complete: boolean | null }[];
  assert.deepEqual(
    listed.map(({ complete }) => complete),
    [null],
  );
  const restored = await host.holdfast('restore', 'alpha', '--to', host.file('back'));
  assert.equal(restored.code, 0, restored.err);
  assert.doesNotMatch(restored.err, /incomplete/);
  assert.equal((await host.holdfast('run')).code, 0);
  assert.doesNotMatch((await host.holdfast('status')).out, /no record/);
});

test('what restic copied into another repository counts once the repositories are asked', async () => {
  using host = await scratchHost({ repositories: ['near', 'far'], services: ['alpha'] });
  assert.equal((await host.holdfast('run', '--repository', 'near')).code, 0);
  const copiesOf = async (...options: string[]): Promise<unknown> => {
    const [alpha] = parsed(await host.holdfast('--json', 'status', ...options))['services'] as { copies: unknown }[];
    return alpha?.copies;
  };
  assert.deepEqual(await copiesOf(), { have: 2, owed: 3 });
  const from = ['--from-repo', host.file('near'), '--from-password-file', host.file('password')];
  await host.restic('far', 'copy', '--quiet', ...from);
  assert.deepEqual(await copiesOf(), { have: 2, owed: 3 }, 'nobody asked yet');
  assert.deepEqual(await copiesOf('--refresh'), { have: 3, owed: 3 });
  assert.match((await host.holdfast('status', 'alpha')).out, /copied\s+from\s+another\s+repository/);
  assert.deepEqual(await copiesOf('--refresh'), { have: 3, owed: 3 }, 'asking again changes nothing');
});

test('a repository that does not answer is told, and takes nothing away from the status', async () => {
  using host = await scratchHost({ repositories: ['near', 'far'] });
  assert.equal((await host.holdfast('run')).code, 0);
  host.write('password', 'wrong\n');
  const refreshed = await host.holdfast('status', '--refresh');
  assert.equal(refreshed.code, 2);
  assert.match(refreshed.err, /error: could not list the snapshots of near: /);
  assert.match(refreshed.out, /alpha +✓ . . +<1m/);
});

test('an unknown service is exit 64 with the nearest name', async () => {
  using host = await scratchHost({ repositories: ['near'] });
  const { code, err } = await host.holdfast('status', 'alhpa');
  assert.equal(code, 64);
  assert.match(err, /Did you mean alpha/);
});
