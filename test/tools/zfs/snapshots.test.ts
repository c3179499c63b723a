import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byAge, fullName } from '../../../src/domain/zfs-snapshot.ts';
import { programArgs } from '../../../src/tools/zfs/destroy-program.ts';
import { parseSnapshots, pointsArgs } from '../../../src/tools/zfs/points.ts';
import { destroyArgs, holdArgs, takeArgs } from '../../../src/tools/zfs/snapshots.ts';

// as zfs 2.3 prints it
const LIST = `tank/app@before upgrade\tsnapshot\t16203449301213184477\t211\t1795288226\t0\t0\t-\t-\t\toff\t-\t-
tank/app@holdfast-9f\tsnapshot\t8163450298125911372\t187\t1795288301\t8192\t1\t9f3a\t-\ttank/clone\toff\t-\t-
`;

test('snapshots are read with what they are known by, and the properties that decisions rest on', () => {
  const [one, other] = parseSnapshots(LIST);
  assert.deepEqual(one, {
    dataset: 'tank/app',
    name: 'before upgrade',
    guid: '16203449301213184477',
    createtxg: 211,
    creation: 1_795_288_226_000,
    holds: 0,
    properties: { written: '0' },
  });
  assert.deepEqual(
    [other?.properties, other && fullName(other)],
    [{ written: '8192', 'holdfast:run': '9f3a', clones: 'tank/clone' }, 'tank/app@holdfast-9f'],
  );
  assert.ok(one && other && byAge(one, other) > 0, 'the transaction group says which is older, not the clock');
  assert.throws(() => parseSnapshots('tank/app@x\tsnapshot\t7\n'), { code: 'tool-output' });
  assert.throws(() => parseSnapshots(LIST.replace('\tsnapshot', '\tdisk')), { code: 'tool-output' });
});

test('everything about the datasets and all beneath them is asked for in one call', () => {
  const asked = pointsArgs(['tank', 'shelf'], true);
  assert.deepEqual(asked.slice(0, 5), ['zfs', 'list', '-Hp', '-t', 'filesystem,volume,snapshot,bookmark']);
  assert.deepEqual(asked.slice(-5), ['-s', 'name', '-r', 'tank', 'shelf']);
});

test('a program destroys exactly what it is named: no range, and nothing beneath', () => {
  assert.deepEqual(
    programArgs('tank', [
      { dataset: 'tank/a', name: 'x' },
      { dataset: 'tank/my data', name: 'y' },
    ]),
    ['zfs', 'program', 'tank', '-', 'tank/a@x', 'tank/my data@y'],
  );
});

test('many are taken, held and destroyed in one call each', () => {
  assert.deepEqual(takeArgs(['tank/a@x', 'tank/b@x'], { properties: { 'holdfast:run': '9f' } }).slice(2), [
    '-o',
    'holdfast:run=9f',
    'tank/a@x',
    'tank/b@x',
  ]);
  assert.deepEqual(destroyArgs('tank/a', ['x', 'y']), ['zfs', 'destroy', 'tank/a@x,y']);
  assert.deepEqual(holdArgs('release', 'holdfast', ['tank/a@x']), ['zfs', 'release', 'holdfast', 'tank/a@x']);
});
