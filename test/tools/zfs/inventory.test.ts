import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inventoryArgs, parseInventory } from '../../../src/tools/zfs/inventory.ts';

// as zfs 2.3 prints it
const LIST = `tank\t12384197166459205413\t1\t1795338340\t-\t-\t-
tank/my data\t10705283663059551091\t9\t1795338347\t-\t-\t-
tank/my data#holdfast-x\t5972831962288739308\t17\t1795338351\t-\t-\t-
tank/my data@s2\t12601112068872991554\t14\t1795338350\t1\t-\t-
tank/my data@s3\t9074261401720127006\t15\t1795338350\t0\ttank/clone\t2026-11-22_09:12:19_hourly
`;

test('datasets, bookmarks and snapshots are told apart in one listing', () => {
  const { datasets, snapshots, bookmarks } = parseInventory(LIST, ['clones', 'holdfast:policy']);
  assert.deepEqual(datasets, ['tank', 'tank/my data']);
  assert.deepEqual(bookmarks, [{ dataset: 'tank/my data', name: 'holdfast-x', guid: '5972831962288739308' }]);
  assert.deepEqual(
    snapshots.map(({ dataset, name, holds, properties }) => [dataset, name, holds, properties]),
    [
      ['tank/my data', 's2', 1, {}],
      ['tank/my data', 's3', 0, { clones: 'tank/clone', 'holdfast:policy': '2026-11-22_09:12:19_hourly' }],
    ],
  );
  assert.throws(() => parseInventory(LIST, ['clones']), { code: 'tool-output' });
});

test('everything is asked for in one call', () => {
  assert.deepEqual(inventoryArgs(['tank', 'shelf'], ['clones']).slice(2), [
    '-Hp',
    '-t',
    'filesystem,volume,snapshot,bookmark',
    '-o',
    'name,guid,createtxg,creation,userrefs,clones',
    '-s',
    'name',
    '-r',
    'tank',
    'shelf',
  ]);
});
