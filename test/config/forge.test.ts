import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { readConfiguration } from '../../src/config/load.ts';
import { bytes, gibi, hours, minutes } from './support/units.ts';

const file = join(resolve(import.meta.dirname, '../..'), 'docs/forge.yaml');
const read = await readConfiguration({ file, cwd: '/', env: {}, isRoot: true });
const { configuration } = read;
assert.ok(configuration, 'docs/forge.yaml is accepted');

test('the whole host of docs/forge.yaml is accepted without an error', () => {
  assert.deepEqual(read.errors, []);
  assert.equal(configuration.host, 'forge');
  assert.equal(configuration.stateDir, '/var/lib/holdfast');
  assert.deepEqual(
    [...configuration.services.keys()],
    ['sonarr', 'plex', 'home-assistant', 'vaultwarden', 'postgresql', 'media-cache'],
  );
});

test('its repositories have their values as domain types', () => {
  assert.deepEqual(configuration.repositories.get('nas-primary'), {
    name: 'nas-primary',
    url: '/mnt/nas-backup/restic',
    password: { kind: 'file', path: '/run/secrets/restic/nas-password' },
    environmentFile: null,
    primary: true,
    location: 'onsite',
    medium: 'nas',
    mounted: '/mnt/nas-backup',
    minFree: bytes(50e9),
    concurrency: 3,
    limits: { upload: null, download: null },
    frequency: null,
    pruneEvery: hours(7 * 24),
  });
  const away = configuration.repositories.get('r2-offsite');
  assert.deepEqual(away?.limits, { upload: gibi(4 / 1024), download: gibi(20 / 1024) });
  assert.equal(away?.environmentFile, '/run/secrets/restic/r2-env');
  assert.equal(away?.primary, false);
});

test('what a service does not say comes from the defaults', () => {
  const backup = configuration.services.get('sonarr')?.backup;
  assert.deepEqual(backup?.repositories, ['nas-primary', 'r2-offsite']);
  assert.equal(backup?.frequency, 'daily');
  assert.equal(backup?.randomizedDelay, hours(1));
  assert.equal(backup?.timeout, minutes(45));
  assert.deepEqual(backup?.exclude, ['**/.cache', '**/*.tmp']);
  assert.deepEqual(backup?.retention, {
    last: 0,
    hourly: 0,
    daily: 7,
    weekly: 4,
    monthly: 6,
    yearly: 0,
    within: null,
    tags: [],
  });
  assert.equal(backup?.useSnapshots, true);
  assert.equal(backup?.zfsDataset, 'tank/persist/sonarr');
  assert.deepEqual(backup?.databases, [{ type: 'sqlite', path: '/persist/sonarr/sonarr.db' }]);
});

test('what a service says itself replaces the defaults', () => {
  const backup = configuration.services.get('plex')?.backup;
  assert.deepEqual(backup?.repositories, ['nas-primary'], 'one repository may be written so');
  assert.equal(backup?.frequency, 'weekly');
  assert.deepEqual(backup?.exclude, ['/persist/plex/Library/Application Support/Plex Media Server/Cache']);
});

test('a protection class brings its promises', () => {
  const standard = configuration.services.get('sonarr')?.protection;
  assert.equal(standard?.class, 'standard');
  assert.equal(standard?.rpo, hours(26));
  const critical = configuration.services.get('vaultwarden')?.protection;
  assert.equal(critical?.rpo, hours(1));
  assert.equal(critical?.copies, 3);
  assert.equal(critical?.allowEmptyStart, false);
});

test('an ephemeral service and a database engine of its own have no backup of files', () => {
  assert.equal(configuration.services.get('media-cache')?.backup, null);
  assert.equal(configuration.services.get('media-cache')?.protection.copies, 0);
  const copy = configuration.services.get('postgresql')?.backup;
  assert.deepEqual(
    [copy?.paths, copy?.repositories, copy?.serverCopy?.repository],
    [['/var/lib/pgbackrest'], ['r2-offsite'], null],
  );
  assert.ok(configuration.services.get('postgresql')?.postgres);
});

test('hooks are argument lists with a time limit', () => {
  assert.deepEqual(configuration.services.get('vaultwarden')?.backup?.hooks, {
    before: [{ argv: ['/usr/bin/logger', 'backing up'], timeout: minutes(5) }],
    after: [],
  });
});

test('its gate has its stages in order, each with what it says and what is built in', () => {
  assert.deepEqual([...configuration.gates.keys()], ['default']);
  const gate = configuration.gates.get('default');
  assert.equal(gate?.criticalAbove, 0.5);
  assert.deepEqual(gate?.preflight, [
    { path: '/mnt/nas-backup', minFree: bytes(50e9), mounted: true },
    { path: '/mnt/nas-postgresql', minFree: bytes(20e9), mounted: true },
  ]);
  assert.deepEqual(
    gate?.stages.map(({ name, timeout, onFailure, concurrency }) => [name, timeout, onFailure, concurrency]),
    [
      ['ZFS snapshots', minutes(5), 'warn', null],
      ['ZFS replication', minutes(30), 'count', null],
      ['PostgreSQL', hours(1), 'count', null],
      ['Applications', minutes(45), 'count', 3],
    ],
  );
  assert.deepEqual(gate?.stages[1], {
    name: 'ZFS replication',
    units: ['syncoid-*.service'],
    exclude: ['syncoid-replication-info.service', 'syncoid-target-reachability.service'],
    jobs: [],
    concurrency: null,
    timeout: minutes(30),
    onFailure: 'count',
    expect: null,
    atLeast: null,
    needs: [],
    whenRunning: 'skip',
    freshWithin: null,
  });
});

test('sections whose commands come later are kept as they are written', () => {
  assert.deepEqual(Object.keys(configuration.sections), ['offsite']);
});

test('its datasets follow from where they live, or are named', () => {
  assert.deepEqual(
    configuration.datasets.map(({ name, mountpoint }) => `${name} ${mountpoint}`),
    [
      'tank/persist /persist',
      'tank/persist/sonarr /persist/sonarr',
      'tank/persist/plex /persist/plex',
      'tank/persist/home-assistant /persist/home-assistant',
      'tank/services/postgresql /var/lib/postgresql/16',
    ],
  );
});

test('its metrics have a file and the levels of their alarms', () => {
  assert.deepEqual(configuration.metrics, {
    textfile: '/var/lib/prometheus-node-exporter/holdfast.prom',
    capacity: { warning: 0.8, critical: 0.9 },
    replicationLag: { warning: 12 * 3_600_000, critical: 24 * 3_600_000 },
  });
});

test('promises that the schedule cannot keep are told as warnings', () => {
  assert.deepEqual(
    read.warnings.map(({ path }) => path),
    ['services.plex.backup', 'services.home-assistant.backup', 'services.vaultwarden.backup'],
  );
});

test('each top-level key of the example is read', () => {
  const keys = [...readFileSync(file, 'utf8').matchAll(/^([a-zA-Z]+):/gm)].map(([, key]) => key);
  const shown = new Set(read.entries?.all.map(({ path }) => path[0]));
  // Defaults are shown in the services that they reach.
  assert.deepEqual(
    keys.filter((key) => key !== 'defaults' && !shown.has(key)),
    [],
  );
});
