// Which snapshot is meant.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Bytes } from '../../../src/domain/bytes.ts';
import { type Instant } from '../../../src/domain/instant.ts';
import { jobTag } from '../../../src/domain/naming.ts';
import {
  chooseSnapshot,
  type Knowledge,
  snapshotById,
  type SnapshotWish,
} from '../../../src/engine/snapshots/choose-snapshot.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import type { Snapshot } from '../../../src/tools/restic/snapshots.ts';

const NOW = 1_000_000_000 as Instant;
const known = (partial: readonly string[] = [], complete: readonly string[] = []): Knowledge => ({
  repository: 'near',
  complete: new Map([...partial.map((each) => [each, false] as const), ...complete.map((each) => [each, true] as const)]),
  now: NOW,
});
const wish: SnapshotWish = { service: 'notes', host: 'here' };
const id = (start: string): string => start.padEnd(64, '0');
const snapshot = (start: string, minutesAgo: number, parts: Partial<Snapshot> = {}): Snapshot => ({
  id: id(start),
  shortId: start,
  time: (NOW - minutesAgo * 60_000) as Instant,
  timeText: '',
  host: 'here',
  user: 'root',
  tags: [jobTag('notes')],
  paths: ['/data/notes'],
  tree: id('a'),
  parent: null,
  programVersion: null,
  summary: null,
  ...parts,
});
const codeOf = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    if (error instanceof HoldfastError) return error.code;
    throw error;
  }
  return 'none';
};

test('the newest complete one is taken, and a newer incomplete one is mentioned', () => {
  const snapshots = [snapshot('aaaa', 30), snapshot('bbbb', 20), snapshot('cccc', 10)];
  const choice = chooseSnapshot(snapshots, wish, known([id('cccc')]));
  assert.equal(choice.snapshot.shortId, 'bbbb');
  assert.match(choice.remarks.join(), /cccc.* is incomplete/);
  const only = chooseSnapshot(snapshots.slice(2), wish, known([id('cccc')]));
  assert.deepEqual([only.snapshot.shortId, only.partial], ['cccc', true]);
  assert.match(only.remarks.join(), /there is no complete one/);
});

test('one that is proven complete is taken before newer ones of which nobody knows, and those before incomplete ones', () => {
  const snapshots = [snapshot('aaaa', 30), snapshot('bbbb', 20), snapshot('cccc', 10)];
  const proven = chooseSnapshot(snapshots, wish, known([], [id('aaaa'), id('bbbb')]));
  assert.equal(proven.snapshot.shortId, 'bbbb');
  assert.match(proven.remarks.join(), /^the newest, cccc.* is not on record as complete: bbbb.* is taken \(--snapshot cccc/);
  assert.equal(chooseSnapshot(snapshots, wish, known([id('bbbb')])).snapshot.shortId, 'cccc');
  assert.deepEqual(chooseSnapshot(snapshots, wish, known()).remarks, [], 'a lost journal is no reason to doubt the newest');
});

test('what is dated in the future is passed over, unless everything is', () => {
  const future = snapshot('ffff', -600);
  assert.equal(chooseSnapshot([snapshot('aaaa', 30), future], wish, known()).snapshot.shortId, 'aaaa');
  assert.equal(
    chooseSnapshot([snapshot('aaaa', 30), snapshot('bbbb', -1)], wish, known()).snapshot.shortId,
    'bbbb',
    'clocks differ a little',
  );
  const all = chooseSnapshot([future], wish, known());
  assert.equal(all.snapshot.shortId, 'ffff');
  assert.match(all.remarks.join(), /clock right/);
});

test('a newest that holds far fewer files than the one before it is taken, and the other is mentioned', () => {
  const holding = (totalFiles: number): Partial<Snapshot> => ({
    summary: { totalFiles, bytesProcessed: 0 as Bytes, bytesAdded: 0 as Bytes },
  });
  const remarks = (before: number, newest: number): string =>
    chooseSnapshot(
      [snapshot('aaaa', 30, holding(before)), snapshot('bbbb', 20, holding(newest))],
      wish,
      known(),
    ).remarks.join();
  assert.match(remarks(10, 0), /^bbbb0000 holds 0 files, and aaaa0000 of .* 10: --snapshot aaaa0000 takes that one$/);
  assert.match(remarks(10, 4), /holds 4 files/);
  assert.equal(remarks(10, 5), '');
  assert.equal(remarks(0, 0), '');
});

test('never another host’s or another service’s, whatever the order and number of snapshots', () => {
  const any = fc.record({
    minutes: fc.integer({ min: 0, max: 10_000 }),
    host: fc.constantFrom('here', 'there'),
    service: fc.constantFrom('notes', 'notes2', 'mail'),
    partial: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 12 }), (specs) => {
      const snapshots = specs.map(({ minutes, host, service }, index) =>
        snapshot(index.toString(16).padStart(8, '0'), minutes, {
          host,
          tags: [jobTag(service)],
        }),
      );
      const incomplete = snapshots.filter((_, index) => specs[index]?.partial).map((each) => each.id);
      const own = snapshots.filter(({ host, tags }) => host === 'here' && tags.includes(jobTag('notes')));
      if (own.length === 0) return codeOf(() => chooseSnapshot(snapshots, wish, known(incomplete))) === 'snapshot-missing';
      const { snapshot: chosen, partial } = chooseSnapshot(snapshots, wish, known(incomplete));
      const rivals = own.filter((each) => partial || !incomplete.includes(each.id));
      return own.includes(chosen) && rivals.every(({ time }) => time <= chosen.time);
    }),
  );
});

test('a named one must be the service’s own, exist, and be told from its like', () => {
  const snapshots = [
    snapshot('abcd12', 10),
    snapshot('abcd34', 20),
    snapshot('eeee', 5, { tags: [jobTag('mail')] }),
    snapshot('9999', 5, { host: 'there' }),
  ];
  assert.equal(chooseSnapshot(snapshots, { ...wish, id: 'ABCD34' }, known()).snapshot.shortId, 'abcd34');
  assert.equal(
    codeOf(() => chooseSnapshot(snapshots, { ...wish, id: 'abcd' }, known())),
    'usage',
  );
  assert.equal(
    codeOf(() => chooseSnapshot(snapshots, { ...wish, id: 'eeee' }, known())),
    'refused',
  );
  assert.equal(
    codeOf(() => chooseSnapshot(snapshots, { ...wish, id: '9999' }, known())),
    'refused',
  );
  assert.equal(chooseSnapshot(snapshots, { ...wish, id: '9999', host: 'there' }, known()).snapshot.shortId, '9999');
  assert.equal(
    codeOf(() => chooseSnapshot(snapshots, { ...wish, id: '1111' }, known())),
    'snapshot-missing',
  );
  assert.equal(snapshotById(snapshots, 'abcd12', 'near')?.shortId, 'abcd12');
});

test('without a service a repository of several jobs must be asked more precisely', () => {
  const snapshots = [snapshot('aaaa', 10), snapshot('bbbb', 20, { tags: [], paths: ['/etc'] })];
  const anything: SnapshotWish = { service: null, host: 'here' };
  assert.equal(
    codeOf(() => chooseSnapshot(snapshots, anything, known())),
    'usage',
  );
  assert.equal(chooseSnapshot(snapshots, { ...anything, path: '/etc/hostname' }, known()).snapshot.shortId, 'bbbb');
  assert.equal(
    codeOf(() => chooseSnapshot(snapshots, { ...anything, path: '/etcetera' }, known())),
    'snapshot-missing',
  );
  assert.equal(
    codeOf(() => chooseSnapshot([], anything, known())),
    'snapshot-missing',
  );
});
