import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Bytes } from '../../src/domain/bytes.ts';
import type { DatasetState, PropertyState } from '../../src/domain/dataset.ts';
import { duration } from '../../src/domain/duration.ts';
import type { Instant } from '../../src/domain/instant.ts';
import {
  cleanUpObstacles,
  MARK,
  markOf,
  type MigrationMark,
  migrationObstacles,
  type MigrationSeen,
  rollbackObstacles,
} from '../../src/domain/migration.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z') as Instant;
const DAY = duration(1, 'd');
const app = {
  name: 'tank/persist/app',
  service: 'app',
  mountpoint: '/persist/app',
  properties: {},
  owner: null,
  group: null,
  mode: null,
};
const decision = { dataset: app.name, service: 'app', mountpoint: app.mountpoint, changes: [], obstacles: [] };
const dataset: DatasetState = {
  name: app.name,
  type: 'filesystem',
  used: 1,
  mountpoint: app.mountpoint,
  canmount: 'on',
  mounted: true,
  lockedBy: null,
};
const mark = (state: MigrationMark['state'], at: Instant | null = NOW): MigrationMark => ({
  state,
  run: '01M81P4NN3TCV8P212Z5Y962CB',
  from: '/persist/.app.before-migration-01M81P4NN3TCV8P212Z5Y962CB',
  at,
});

/** A directory that can be moved. */
const seen = (more: Partial<MigrationSeen> = {}): MigrationSeen => ({
  isRoot: true,
  state: null,
  mark: null,
  decision,
  hasParent: true,
  place: { kind: 'directory' },
  mountsInside: [],
  neighbours: [],
  users: [],
  size: 10 as Bytes,
  free: 11 as Bytes,
  oldThere: false,
  ...more,
});
const on = { state: dataset, place: { kind: 'mounted', source: app.name } } as const;
const live = { ...on, mark: mark('live'), oldThere: true };

test('a directory with nothing in the way may be moved', () => {
  assert.deepEqual(migrationObstacles(app, seen(), 'app.service'), []);
  assert.deepEqual(migrationObstacles(app, seen({ users: [] }), null), []);
});

const REFUSED: readonly (readonly [string, Partial<MigrationSeen>, RegExp, RegExp])[] = [
  ['not root', { isRoot: false }, /only root/, /as root/],
  ['on it already', on, /on tank\/persist\/app already/, /datasets plan/],
  [
    'a dataset that was made otherwise',
    { ...on, decision: { ...decision, obstacles: [{ property: 'encryption', message: 'it is off', hint: '' }] } },
    /made otherwise: it is off/,
    /zfs rename/,
  ],
  ['one that waits for its end', live, /is kept at \/persist\/\.app\.before/, /--clean-up.*--rollback/],
  ['one that was rolled back', { ...on, mark: mark('kept') }, /before that was taken back/, /zfs rename/],
  [
    'one that died, without a journal',
    { state: dataset, mark: mark('copying') },
    /nothing ever ran on it/,
    /Remove it: zfs destroy tank/,
  ],
  ['a dataset of somebody', { state: dataset }, /exists already/, /zfs list -r/],
  ['nothing there', { place: { kind: 'absent' } }, /does not exist/, /datasets apply app/],
  ['a link', { place: { kind: 'link' } }, /symbolic link/, /mountpoint/],
  ['a file', { place: { kind: 'other' } }, /is no directory/, /mountpoint/],
  ['another mount', { place: { kind: 'mounted', source: '/dev/sdb1' } }, /\/dev\/sdb1 is mounted/, /findmnt/],
  ['a mount inside', { mountsInside: ['/persist/app/tmp'] }, /\/persist\/app\/tmp is mounted inside/, /umount/],
  ['a neighbour', { neighbours: ['the data of web (/persist/app/web)'] }, /data of web/, /directory of its own/],
  ['no parent', { hasParent: false }, /tank\/persist, in which .* does not exist/, /datasets apply/],
  ['no room', { size: 12 as Bytes }, /takes 12 B, and there are 11 B/, /quota/],
  [
    'a pool that is read-only',
    { decision: { ...decision, obstacles: [{ property: null, message: 'read-only', hint: 'import again' }] } },
    /read-only/,
    /import again/,
  ],
];
for (const [what, more, message, hint] of REFUSED) {
  test(`refused with what to do: ${what}`, () => {
    const [found] = migrationObstacles(app, seen(more), 'app.service');
    assert.match(found?.message ?? '', message);
    assert.match(found?.hint ?? '', hint);
  });
}

test('without a unit it is refused while somebody has a file open; with one that is stopped', () => {
  const used = seen({ users: ['app (pid 7)'] });
  assert.match(migrationObstacles(app, used, null)[0]?.message ?? '', /no unit is declared .* app \(pid 7\)/);
  assert.deepEqual(migrationObstacles(app, used, 'app.service'), []);
});

test('a dataset that would not be mounted at a boot is refused', () => {
  const declared = { ...app, properties: { canmount: 'noauto' } };
  assert.match(migrationObstacles(declared, seen(), 'app.service')[0]?.message ?? '', /canmount=noauto/);
});

test('back only from what is live, and only to what is there', () => {
  assert.deepEqual(rollbackObstacles(app, seen(live)), []);
  for (const [more, message] of [
    [{}, /no migration of app waits/],
    [{ ...on, mark: mark('kept') }, /no migration of app waits/],
    [{ ...live, mark: mark('cleaning') }, /no way back/],
    [{ ...live, oldThere: false }, /is not where it was kept/],
    [{ ...live, isRoot: false }, /only root/],
    [{ ...live, mountsInside: ['/persist/app/tmp'] }, /mounted inside/],
    [{ ...live, place: { kind: 'mounted', source: 'tmpfs' } }, /tmpfs is mounted over/],
  ] as const)
    assert.match(rollbackObstacles(app, seen(more))[0]?.message ?? '', message);
});

test('the old directory goes only after its time, and only while the dataset is seen in its place', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 5 * DAY }), fc.integer({ min: 1, max: 3 * DAY }), (age, keepOld) => {
      const now = (NOW + age) as Instant;
      const found = cleanUpObstacles(app, seen(live), { now, keepOld: duration(keepOld, 'ms') });
      assert.equal(found.length === 0, age >= keepOld);
      const elsewhere = cleanUpObstacles(app, seen({ ...live, place: { kind: 'directory' } }), { now, keepOld: DAY });
      assert.ok(elsewhere.length > 0);
    }),
  );
  const early = cleanUpObstacles(app, seen(live), { now: NOW, keepOld: DAY })[0]?.message ?? '';
  assert.match(early, /kept until 2026-03-02T12:00:00\.000Z/);
  assert.deepEqual(
    cleanUpObstacles(app, seen({ ...live, mark: mark('cleaning'), oldThere: false }), {
      now: (NOW + DAY) as Instant,
      keepOld: DAY,
    }),
    [],
    'what was begun may be ended',
  );
  assert.ok(cleanUpObstacles(app, seen({ ...live, mark: mark('live', null) }), { now: NOW, keepOld: DAY }).length > 0);
});

test('a mark counts only where it was set on the dataset itself', () => {
  const properties = (source: PropertyState['source']): Map<string, PropertyState> =>
    new Map([[MARK.state, { value: 'copying', source }]]);
  assert.equal(markOf(properties({ kind: 'local' }))?.state, 'copying');
  assert.equal(markOf(properties({ kind: 'received' })), null);
  assert.equal(markOf(properties({ kind: 'inherited', from: 'tank' })), null);
  assert.equal(markOf(new Map([[MARK.state, { value: 'whatever', source: { kind: 'local' } }]])), null);
  assert.equal(markOf(undefined), null);
});
