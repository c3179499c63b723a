import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { deriveGate, gateText } from '../../../src/engine/gate/derive.ts';
import { makespan } from '../../../src/engine/gate/estimate.ts';
import { duration } from '../../../src/domain/duration.ts';
import { repository } from '../support/host.ts';
import { found } from './support/gates.ts';

const UNITS = [
  'sanoid.service',
  'syncoid-tank.service',
  'syncoid-replication-info.service',
  'pgbackrest-full-backup.service',
  'restic-backups-photos.service',
].map((name) => found(name));

test('a gate is made of the well-known units that are there, in the order in which they do not disturb one another', () => {
  const { stages } = deriveGate([], UNITS, true);
  assert.deepEqual(
    stages.map(({ name, units, jobs }) => [name, units, jobs]),
    [
      ['ZFS snapshots', ['sanoid.service'], []],
      ['ZFS replication', ['syncoid-*.service'], []],
      ['PostgreSQL', ['pgbackrest-*backup*.service'], []],
      ['Applications', ['restic-backups-*.service'], ['*']],
    ],
  );
});

test('stages of which a host has nothing are not in it', () => {
  assert.deepEqual(deriveGate([], [], false).stages, []);
  const onlyJobs = deriveGate([], [found('syncoid-target-reachability.service')], true).stages;
  assert.deepEqual(
    onlyJobs.map(({ name, units, jobs }) => [name, units, jobs]),
    [['Applications', [], ['*']]],
  );
});

test('mount points of repositories are looked at before anything starts', () => {
  const mounted = repository('nas', { mounted: '/mnt/nas' });
  assert.deepEqual(deriveGate([mounted, repository('near')], [], true).preflight, [
    { path: '/mnt/nas', minFree: null, mounted: true },
  ]);
});

test('its text is a section of the configuration', () => {
  const gate = deriveGate([repository('nas', { mounted: '/mnt/nas' })], UNITS, true);
  assert.deepEqual(parse(gateText(gate)), {
    gate: {
      default: {
        preflight: [{ path: '/mnt/nas', mounted: true }],
        criticalAbove: '50%',
        stages: [
          { name: 'ZFS snapshots', units: ['sanoid.service'], timeout: '5m', onFailure: 'warn' },
          {
            name: 'ZFS replication',
            units: ['syncoid-*.service'],
            exclude: ['*-info.service', '*-reachability.service', '*-check.service'],
            timeout: '30m',
          },
          {
            name: 'PostgreSQL',
            units: ['pgbackrest-*backup*.service'],
            exclude: ['*-info.service', '*-check.service', '*-verify.service'],
            concurrency: 1,
            timeout: '1h',
          },
          {
            name: 'Applications',
            units: ['restic-backups-*.service'],
            exclude: ['*-check.service', '*-prune.service', '*-verify.service'],
            jobs: ['*'],
            concurrency: 3,
          },
        ],
      },
    },
  });
});

test('the time of a stage is that of its lanes', () => {
  const seconds = (...each: number[]): ReturnType<typeof duration>[] => each.map((one) => duration(one, 's'));
  assert.equal(makespan([], 3), 0);
  assert.equal(makespan(seconds(5, 1, 1, 1), 1), 8000);
  assert.equal(makespan(seconds(5, 1, 1, 1), 2), 5000);
  assert.equal(makespan(seconds(1, 1, 5), 2), 6000);
});
