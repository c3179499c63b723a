// What zfs(8) is asked when data is looked for, and what OpenZFS answers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HERE } from '../../../src/tools/zfs/end.ts';
import { contentsArgs, listContents, parseContents } from '../../../src/tools/zfs/contents.ts';
import { receiveOnceArgs, sendOnceArgs } from '../../../src/tools/zfs/stream.ts';
import { fakeZfs } from '../../support/fake-zfs.ts';

const LISTED = [
  'tank/app\tfilesystem\t20\t1795337700\t24576\t0\toff\t-\t-',
  'tank/app@a\tsnapshot\t82\t1795337758\t3000000\t3000000\toff\t-\t-',
  'tank/app@b\tsnapshot\t83\t1795337759\t3000000\t0\toff\t-\t-',
  'tank/app@holdfast-x\tsnapshot\t84\t1795337760\t24576\t1000\toff\t-\t01ABC',
  'tank/app/child\tfilesystem\t21\t1795337700\t24576\t0\taes-256-gcm\tunavailable\t-',
].join('\n');

test('snapshots are read with how much they refer to, and whether anything changed since the one before', () => {
  const found = parseContents(`${LISTED}\n`, ['tank/app']);
  assert.deepEqual([...found.keys()], ['tank/app']);
  assert.partialDeepStrictEqual(found.get('tank/app'), { encrypted: false, readable: true });
  assert.deepEqual(found.get('tank/app')?.snapshots, [
    { name: 'a', createtxg: 82, creation: 1795337758000, referenced: 3_000_000, unchanged: false, temporary: false },
    { name: 'b', createtxg: 83, creation: 1795337759000, referenced: 3_000_000, unchanged: true, temporary: false },
    { name: 'holdfast-x', createtxg: 84, creation: 1795337760000, referenced: 24_576, unchanged: false, temporary: true },
  ]);
  const child = parseContents(LISTED, ['tank/app/child']).get('tank/app/child');
  assert.deepEqual([child?.encrypted, child?.readable, child?.snapshots], [true, false, []]);
  assert.throws(() => parseContents('tank\tfilesystem\n', ['tank']), /not what its manual says/);
});

test('a dataset that is not there is no failure; what does not answer is', async (t) => {
  const { signal } = new AbortController();
  fakeZfs(
    t,
    `case "$*" in *gone*) echo "cannot open 'tank/gone': dataset does not exist" >&2; exit 1;; *) echo 'cannot open: I/O error' >&2; exit 1;; esac`,
  );
  assert.equal((await listContents(HERE, ['tank/gone'], signal)).size, 0);
  await assert.rejects(listContents(HERE, ['tank/app'], signal), /I\/O error/);
  assert.equal((await listContents(HERE, [], signal)).size, 0);
});

test('one level is listed, by age; what is received once is never mounted, nor kept half', () => {
  assert.equal(
    contentsArgs(['tank/a'])
      .join(' ')
      .replace(/-o \S+ /, ''),
    'zfs list -Hp -t filesystem,volume,snapshot -s createtxg -d 1 tank/a',
  );
  assert.deepEqual(sendOnceArgs('tank/a@1', false), ['zfs', 'send', '-Lc', 'tank/a@1']);
  assert.deepEqual(sendOnceArgs('tank/a@1', true), ['zfs', 'send', '-w', 'tank/a@1']);
  assert.equal(
    receiveOnceArgs('tank/b').join(' '),
    'zfs receive -u -o canmount=noauto -o mountpoint=none -o readonly=on tank/b',
  );
});
