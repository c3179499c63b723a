// What btrfs(8) says, as version 6.2 and 6.14 print it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseList, parseShow } from '../../../src/tools/btrfs/subvolume.ts';

test('subvolumes are known by their paths from the top, whether or not they lie below where it was asked', () => {
  const said = `ID 256 gen 7 top level 5 path <FS_TREE>/@home
ID 257 gen 7 top level 256 path @home/my data
ID 259 gen 7 top level 257 path <FS_TREE>/@home/my data/inner
`;
  assert.deepEqual(parseList(said), ['@home', '@home/my data', '@home/my data/inner']);
});

const shown = (parent: string, flags: string): string => `@home/.holdfast-x
\tName: \t\t\t.holdfast-x
\tUUID: \t\t\t44bbc0cd-01e4-ac43-beaf-fb3db4f689c0
\tParent UUID: \t\t${parent}
\tReceived UUID: \t\t-
\tFlags: \t\t\t${flags}
\tSnapshot(s):
`;

test('a snapshot is known by what it was made from, and by being read-only', () => {
  assert.deepEqual(parseShow(shown('433337af-9ab7-5446-8946-7ee51c7b29b8', 'readonly')), {
    uuid: '44bbc0cd-01e4-ac43-beaf-fb3db4f689c0',
    parentUuid: '433337af-9ab7-5446-8946-7ee51c7b29b8',
    readOnly: true,
  });
  const { parentUuid, readOnly } = parseShow(shown('-', '-'));
  assert.deepEqual([parentUuid, readOnly], [null, false]);
});
