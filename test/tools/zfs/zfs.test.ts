// What zfs and zpool print, as OpenZFS 2.3 printed it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zfsFailure } from '../../../src/tools/zfs/ask.ts';
import { createArgs, inheritArgs, setArgs } from '../../../src/tools/zfs/change.ts';
import { parseProperties } from '../../../src/tools/zfs/get.ts';
import { parseDatasets } from '../../../src/tools/zfs/list.ts';
import { parsePools } from '../../../src/tools/zfs/pools.ts';

test('datasets are read with where they are mounted, and whose key they wait for', () => {
  const listed = [
    'tank\tfilesystem\t224256\t/tank\ton\tyes\t-\t-',
    'tank/off\tfilesystem\t24576\tnone\toff\tno\t-\t-',
    'tank/my data\tfilesystem\t24576\t/my data\tnoauto\tyes\tavailable\ttank/my data',
    'tank/secret/x\tfilesystem\t24576\tlegacy\ton\tno\tunavailable\ttank/secret',
    'tank/vm\tvolume\t1073741824\t-\t-\t-\t-\t-',
    '',
  ].join('\n');
  const datasets = parseDatasets(listed);
  assert.deepEqual(datasets.get('tank/off'), {
    name: 'tank/off',
    type: 'filesystem',
    used: 24_576,
    mountpoint: 'none',
    canmount: 'off',
    mounted: false,
    lockedBy: null,
  });
  assert.deepEqual(datasets.get('tank/my data')?.lockedBy, null);
  assert.equal(datasets.get('tank/my data')?.mountpoint, '/my data');
  assert.equal(datasets.get('tank/secret/x')?.lockedBy, 'tank/secret');
  assert.equal(datasets.get('tank/vm')?.type, 'volume');
});

test('an answer of another shape is an error, not an empty pool', () => {
  assert.throws(() => parseDatasets('no datasets available\n'), { code: 'tool-output' });
  assert.throws(() => parseProperties('tank\tatime\n'), { code: 'tool-output' });
  assert.throws(() => parsePools('tank\n'), { code: 'tool-output' });
  assert.equal(parseDatasets('').size, 0);
});

test('properties are read with their sources', () => {
  const all = parseProperties(
    [
      'tank/a\trecordsize\t16384\tlocal',
      'tank/a\tmountpoint\t/persist/a\tinherited from tank/my data',
      'tank/a\tatime\ton\tdefault',
      'tank/a\texec\ton\treceived',
      'tank/a\tencryption\toff\t-',
    ].join('\n'),
  );
  const of = all.get('tank/a');
  assert.deepEqual(of?.get('mountpoint')?.source, { kind: 'inherited', from: 'tank/my data' });
  assert.deepEqual(
    ['recordsize', 'atime', 'exec', 'encryption'].map((property) => of?.get(property)?.source.kind),
    ['local', 'default', 'received', 'none'],
  );
});

test('pools are read with their health', () => {
  assert.deepEqual(parsePools('tank\tSUSPENDED\ton\n').get('tank'), { name: 'tank', health: 'SUSPENDED', readOnly: true });
});

test('properties are set together, and inherited one by one', () => {
  assert.deepEqual(createArgs('tank/a b', { recordsize: '1M', 'com.sun:x': 'y z' }), [
    'zfs',
    'create',
    '-o',
    'recordsize=1M',
    '-o',
    'com.sun:x=y z',
    'tank/a b',
  ]);
  assert.deepEqual(setArgs('tank/a', { atime: 'off', exec: 'off' }), ['zfs', 'set', 'atime=off', 'exec=off', 'tank/a']);
  assert.deepEqual(inheritArgs('tank/a', 'atime'), ['zfs', 'inherit', 'atime', 'tank/a']);
});

test('a failure has the name that says what to do', () => {
  const command = { argv: ['zfs', 'set', 'x=y', 'tank'], operation: 'set', subject: 'tank' } as const;
  const codeOf = (...stderrTail: string[]): string =>
    zfsFailure(command, { exitCode: 1, endedBy: null, stdout: '', stderrTail }).code;
  assert.equal(codeOf("cannot set property for 'tank': permission denied"), 'permission-denied');
  assert.equal(codeOf("cannot unmount '/tank': pool or dataset is busy"), 'busy');
  assert.equal(codeOf("cannot create 'tank/x': out of space"), 'no-space');
  assert.equal(codeOf('The ZFS modules cannot be auto-loaded.', "Try running 'modprobe zfs' as root"), 'unsupported');
  assert.equal(codeOf("cannot set property for 'tank': invalid property 'x'"), 'tool-failed');
});
