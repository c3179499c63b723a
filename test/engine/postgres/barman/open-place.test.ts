import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Bytes } from '../../../../src/domain/bytes.ts';
import type { Instant } from '../../../../src/domain/instant.ts';
import { archiveAt, readPlace } from '../../../../src/engine/postgres/barman/open-place.ts';
import { judgeArchive } from '../../../../src/engine/postgres/archive-look.ts';
import type { ListedBackup } from '../../../../src/tools/barman-cloud/backup-list.ts';
import type { ServerObjects } from '../../../../src/tools/barman-cloud/objects.ts';

const backup = (id: string, systemId: string, file: number): ListedBackup => ({
  id,
  name: null,
  whole: {
    systemId,
    version: '15',
    wal: { start: wal(file), stop: wal(file) },
    startLsn: `0/${file}000028`,
    tablespaces: [],
  },
});
const wal = (file: number, timeline = 1): string => `0000000${timeline}000000000000000${file}`;
const object = (path: string, time = 10): ServerObjects['objects'][number] => ({
  path,
  size: 5 as Bytes,
  time: time as Instant,
});
const log = (...files: number[]) => files.map((file) => object(`wals/0000000100000000/${wal(file)}.gz`, file * 1000));
const at = (time: number) => ({ startedAt: time as Instant, stoppedAt: time as Instant });
const stored = (objects: ServerObjects['objects'], parts: Partial<ServerObjects> = {}): ServerObjects => ({
  objects,
  times: new Map([
    ['a', at(1)],
    ['b', at(2)],
  ]),
  histories: new Map(),
  ...parts,
});

test('what is listed is a backup, with when it was made and how much there is of it; what failed is none', () => {
  const list = { backups: [backup('a', '1', 2), { id: 'b', name: null, whole: null }], unreadable: [] };
  const place = readPlace(list, stored([object('base/a/data.tar.gz'), object('base/a/1.tar.gz'), object('base/b/x')]));
  assert.deepEqual(
    place.whole.map(({ label, size, stoppedAt }) => [label, size, stoppedAt]),
    [['a', 10, 1]],
  );
  assert.equal(place.cluster?.systemId, '1');
  assert.deepEqual(place.remains, []);
  assert.deepEqual(readPlace(list, stored([object('base/a/data.tar'), object('base/c/1.tar')])).remains, ['c']);
  const between = readPlace(list, stored([object('base/b/x')]));
  assert.deepEqual([between.whole, between.list.unreadable, between.cluster], [[], [], null], 'gone between two looks');
  const untimed = readPlace(list, stored([object('base/a/data.tar.gz')], { times: new Map() }));
  assert.deepEqual([untimed.whole, untimed.list.unreadable], [[], ['a']]);
});

test('how far the log leads is told by its files: a gap ends it, and what is not whole is none', () => {
  const list = { backups: [backup('a', '1', 2)], unreadable: [] };
  const partial = object(`wals/0000000100000000/${wal(5)}.partial.gz`);
  const label = object(`wals/0000000100000000/${wal(2)}.00000028.backup.gz`);
  const place = readPlace(list, stored([object('base/a/data.tar'), ...log(2, 3, 4, 6), partial, label]));
  const open = archiveAt(place, { systemId: '1' }, 'newest');
  const [look] = judgeArchive(open).reaches;
  assert.deepEqual([look?.reach.consistent, look?.reach.last?.file, look?.reach.missing], [true, wal(4), [wal(5)]]);
});

test('only backups of the cluster that is meant lead anywhere, and its line is told by its history', () => {
  const list = { backups: [backup('a', '1', 2), backup('b', '2', 3)], unreadable: [] };
  const second = object(`wals/0000000200000000/${wal(4, 2)}.gz`);
  const history = object('wals/00000002.history.gz');
  const histories = new Map([['00000002.history', '1\t0/4000000\tno recovery target specified\n']]);
  const place = readPlace(
    list,
    stored([object('base/a/data.tar'), object('base/b/data.tar'), ...log(2, 3), second, history], { histories }),
  );
  assert.equal(place.cluster?.systemId, '2', 'the newest says which one is in force');
  const open = archiveAt(place, { systemId: '1' }, 'newest');
  assert.deepEqual([open.timelines, open.timeline, open.backups.map(({ label }) => label)], [[1, 2], 2, ['a']]);
  assert.deepEqual(open.line, [
    { timeline: 1, until: 4 },
    { timeline: 2, until: null },
  ]);
});
