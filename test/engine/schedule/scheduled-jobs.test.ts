import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ChannelConfig, NotificationsConfig } from '../../../src/config/configuration.ts';
import { duration } from '../../../src/domain/duration.ts';
import { scheduledJobs, type ScheduleSource } from '../../../src/engine/schedule/scheduled-jobs.ts';
import { stepsOf } from '../../../src/engine/schedule/attendance.ts';
import type { SnapshotPolicy } from '../../../src/domain/snapshot-policy.ts';
import { keeping } from '../../domain/support/policy-snapshots.ts';
import { backup, METRICS, postgres, repository, serverRepository, service, VERIFICATION } from '../support/host.ts';

const NOBODY: NotificationsConfig = { channels: [], templates: {}, summary: null };
const phone: ChannelConfig = {
  name: 'phone',
  minPriority: 'low',
  events: null,
  services: [],
  jobs: [],
  quietHours: null,
  to: { type: 'ntfy', url: 'https://ntfy.example/topic' },
};

const host = (parts: Partial<ScheduleSource> = {}): ScheduleSource => ({
  services: new Map([
    ['photos', service('photos', { backup: backup(['nas', 'far'], { randomizedDelay: duration(1, 'h') }) })],
    ['cache', service('cache', { backup: null })],
  ]),
  repositories: new Map(['nas', 'far', 'unused'].map((name) => [name, repository(name)] as const)),
  datasets: [],
  replication: { snapshots: { adopt: 'beside', datasets: [] }, targets: [] },
  verification: { ...VERIFICATION, repositories: ['nas', 'far'] },
  metrics: METRICS,
  notifications: NOBODY,
  ...parts,
});
const ids = (source: ScheduleSource): string[] => scheduledJobs(source).map(({ id }) => id);

test('what recurs is the backup and drill of each service, the reading of each repository, retention and a refresh', () => {
  assert.deepEqual(ids(host()), ['run:photos', 'verify:nas', 'verify:far', 'drill:photos', 'retention', 'refresh']);
});

test('repositories with a cadence of their own get jobs of their own', () => {
  const far = repository('far', { frequency: 'weekly' });
  const source = host({
    repositories: new Map([
      ['nas', repository('nas')],
      ['far', far],
    ]),
  });
  const runs = scheduledJobs(source).filter(({ kind }) => kind === 'run');
  assert.deepEqual(
    runs.map(({ id, frequency, repositories, argv }) => [id, frequency, repositories, argv.slice(0, 4)]),
    [
      ['run:photos@nas', 'daily', ['nas'], ['run', 'photos', '--repository', 'nas']],
      ['run:photos@far', 'weekly', ['far'], ['run', 'photos', '--repository', 'far']],
    ],
  );
});

test('a PostgreSQL server is backed up by a calendar for each kind, and each of them asks for what is due', () => {
  const services = new Map([['db', service('db', { backup: null, postgres: postgres() })]]);
  const runs = scheduledJobs(host({ services })).filter(({ kind }) => kind === 'run');
  assert.deepEqual(
    runs.map(({ id, frequency, argv }) => [id, frequency, argv.slice(0, 3)]),
    [
      ['run:db@full', 'weekly', ['run', 'db', '--due']],
      ['run:db@incremental', 'daily', ['run', 'db', '--due']],
    ],
  );
  assert.deepEqual(runs.flatMap(stepsOf), ['backup:db@postgres', 'backup:db@postgres']);
});

test('repositories of a PostgreSQL server with calendars of their own get timers of their own', () => {
  const { schedule } = postgres();
  const rarely = { ...schedule, incremental: null };
  const server = postgres({ repositories: [serverRepository(1, { schedule }), serverRepository(2, { schedule: rarely })] });
  const services = new Map([['db', service('db', { backup: null, postgres: server })]]);
  const runs = scheduledJobs(host({ services })).filter(({ kind }) => kind === 'run');
  assert.deepEqual(
    runs.map(({ id, argv }) => [id, argv.slice(2, 5)]),
    [
      ['run:db@repo1-full', ['--due', '--repository', 'repo1']],
      ['run:db@repo1-incremental', ['--due', '--repository', 'repo1']],
      ['run:db@repo2-full', ['--due', '--repository', 'repo2']],
    ],
  );
});

test('what is switched off, or has nothing to do, does not recur', () => {
  const off = { ...VERIFICATION, enable: false, drills: { ...VERIFICATION.drills, enable: false } };
  assert.deepEqual(ids(host({ verification: off })), ['run:photos', 'retention', 'refresh']);
  assert.deepEqual(ids(host({ verification: off, services: new Map() })), []);
});

test('declared datasets are compared with what is there each day', () => {
  const tank = {
    name: 'tank/app',
    service: 'photos',
    mountpoint: '/srv',
    properties: {},
    owner: null,
    group: null,
    mode: null,
  };
  const drift = scheduledJobs(host({ datasets: [tank] })).find(({ kind }) => kind === 'drift');
  assert.deepEqual([drift?.argv, drift?.frequency], [['datasets', 'drift'], 'daily']);
});

test('snapshots are taken as often as the shortest kind asks for, and pruned where they are to be', () => {
  const of = (...datasets: SnapshotPolicy[]): string[] =>
    scheduledJobs(host({ replication: { snapshots: { adopt: 'beside', datasets }, targets: [] } }))
      .filter(({ kind }) => kind.startsWith('snapshot'))
      .map(({ argv, frequency }) => `${argv.join(' ')} ${frequency}`);
  assert.deepEqual(of(), []);
  assert.deepEqual(of(keeping({ daily: 1 })), ['snapshot take hourly', 'snapshot prune *:05']);
  assert.deepEqual(of(keeping({ daily: 1 }), { ...keeping({ frequently: 4 }), autoprune: false }), [
    'snapshot take *:0/15',
    'snapshot prune *:05',
  ]);
  assert.deepEqual(of({ ...keeping({ frequently: 4 }), autosnap: false }), ['snapshot prune *:05']);
});

test('metrics and notifications recur where they are configured, and are not made up for', () => {
  const told = scheduledJobs(
    host({
      metrics: { ...METRICS, textfile: '/nowhere/holdfast.prom' },
      notifications: { ...NOBODY, channels: [phone] },
    }),
  ).filter(({ catchUp }) => !catchUp);
  assert.deepEqual(
    told.map(({ id }) => id),
    ['metrics', 'notify'],
  );
});

test('each target of replication is sent to as often as it says, and what is missed is made up for', () => {
  const nas = {
    name: 'nas',
    destination: 'b@nas:t/x',
    datasets: ['tank/a'],
    exclude: [],
    frequency: '*:0/15',
    raw: true,
    maxLag: null,
    concurrency: 2,
    limit: null,
    keep: null,
  };
  const source = host({ replication: { snapshots: { adopt: 'beside', datasets: [] }, targets: [nas] } });
  const job = scheduledJobs(source).find(({ kind }) => kind === 'replicate');
  assert.deepEqual(
    [job?.id, job?.argv.slice(0, 3), job?.frequency, job?.catchUp],
    ['replicate:nas', ['replicate', '--target', 'nas'], '*:0/15', true],
  );
  assert.deepEqual(job && stepsOf(job), ['lag:nas'], 'by which it is seen whether it ran');
});

test('the archive of a PostgreSQL server is looked at, more often where less is allowed to be lost', () => {
  const jobOf = (parts: Parameters<typeof postgres>[0]): (string | undefined)[] => {
    const services = new Map([['db', service('db', { backup: null, postgres: postgres(parts) })]]);
    const found = scheduledJobs(host({ services })).find(({ kind }) => kind === 'archive');
    return [found?.frequency, found?.argv.join(' ')];
  };
  assert.deepEqual(jobOf({}), ['*:0/15', 'postgres watch db']);
  assert.deepEqual(jobOf({ archiveWithin: duration(5, 'm') }), ['*:0/2', 'postgres watch db']);
  assert.deepEqual(jobOf({ engine: 'dump' }), [undefined, undefined]);
});

test('an offsite copy of a server has times and a command of its own, that backs up nothing else, and its drill has one', () => {
  const serverCopy = { path: '/b', repository: null, cipherPassFile: null };
  const copy = backup(['far'], { frequency: 'weekly', serverCopy });
  const services = new Map([['db', service('db', { backup: copy, postgres: postgres({ offsite: 'far' }) })]]);
  const jobs = scheduledJobs(host({ services }));
  const found = jobs.find(({ id }) => id === 'run:db@far');
  assert.deepEqual(
    [found?.argv.slice(0, 4), found?.frequency, found && stepsOf(found)],
    [['run', 'db', '--repository', 'far'], 'weekly', ['backup:db@far']],
  );
  assert.ok(jobs.some(({ id, argv }) => id === 'drill:db' && argv[1] === 'db'));
});
