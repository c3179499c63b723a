import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrangeStage } from '../../../src/engine/gate/arrange.ts';
import { backup, repository, service } from '../support/host.ts';
import { found, stage } from './support/gates.ts';

const job = (name: string, into = 'nas'): Parameters<typeof arrangeStage>[2][number] => ({
  service: service(name),
  backup: backup([into]),
  repository: repository(into),
});

test('a stage holds what its patterns match, loaded or only installed, sorted, and nothing else', () => {
  const there = [
    found('syncoid-b.service'),
    found('syncoid-a.service', { load: null, file: 'installed' }),
    found('sanoid.service'),
  ];
  const { units, leftOut } = arrangeStage(stage({ units: ['syncoid-*'] }), there, []);
  assert.deepEqual(units, ['syncoid-a.service', 'syncoid-b.service']);
  assert.deepEqual(leftOut, []);
});

test('what a pattern matches and cannot or shall not run is left out with the reason', () => {
  const { units, leftOut } = arrangeStage(
    stage({ units: ['x-*.service', 'x@*.service'], exclude: ['*-info.service'] }),
    [
      found('x-a.service'),
      found('x-info.service'),
      found('x-masked.service', { load: 'masked', file: 'masked' }),
      found('x-broken.service', { load: 'bad-setting' }),
      found('x-gone.service', { load: 'not-found', file: null }),
      found('x-other.service', { file: 'alias' }),
      found('x@.service', { load: null }),
      found('x@one.service'),
      found('x-early.service'),
    ],
    [],
    new Set(['x-early.service']),
  );
  assert.deepEqual(units, ['x-a.service', 'x-broken.service', 'x@one.service']);
  assert.deepEqual(Object.fromEntries(leftOut.map(({ name, why }) => [name, why])), {
    'x-info.service': 'excluded',
    'x-masked.service': 'masked',
    'x-other.service': 'another name of a unit',
    'x@.service': 'a template: only its instances can run',
    'x-early.service': 'runs in an earlier stage',
  });
});

test('a unit that is named is run whatever is found, so that its run tells what is wrong', () => {
  const { units } = arrangeStage(
    stage({ units: ['sanoid', 'gone.service'] }),
    [found('sanoid.service', { load: 'masked' })],
    [],
  );
  assert.deepEqual(units, ['gone.service', 'sanoid.service']);
});

test('jobs are those of the services that match, into each of their repositories', () => {
  const jobs = [job('sonarr'), job('sonarr', 'cloud'), job('radarr'), job('plex')];
  const { jobs: chosen, leftOut } = arrangeStage(
    stage({ jobs: ['*arr'], exclude: ['radarr'] }),
    [],
    jobs,
    new Set(['sonarr@cloud']),
  );
  assert.deepEqual(chosen, [jobs[0]]);
  assert.deepEqual(leftOut, [
    { name: 'sonarr@cloud', why: 'runs in an earlier stage' },
    { name: 'radarr@nas', why: 'excluded' },
  ]);
});

test('too few or too many of what is expected are told by their number', () => {
  const two = [found('a.service'), found('b.service')];
  const short = (parts: Parameters<typeof stage>[0]): number =>
    arrangeStage(stage({ units: ['*'], ...parts }), two, []).short;
  assert.deepEqual(
    [
      short({}),
      short({ expect: 2 }),
      short({ expect: 7 }),
      short({ expect: 1 }),
      short({ atLeast: 1 }),
      short({ atLeast: 3 }),
    ],
    [0, 0, 5, -1, 0, 1],
  );
});

test('everything runs at once where nothing else is said, but PostgreSQL one by one', () => {
  const units = [found('a.service'), found('b.service')];
  assert.equal(arrangeStage(stage({ units: ['*'] }), units, []).concurrency, 2);
  assert.equal(arrangeStage(stage({ units: ['*'], concurrency: 5 }), units, []).concurrency, 5);
  const both = [...units, found('pgbackrest-full-backup.service')];
  assert.equal(arrangeStage(stage({ units: ['*'] }), both, []).concurrency, 1);
  assert.equal(arrangeStage(stage({ units: ['*'] }), [], []).concurrency, 1);
});
