import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byAge, fullName } from '../../../src/domain/zfs-snapshot.ts';
import { destroyArgs, holdArgs, parseSnapshots, takeArgs } from '../../../src/tools/zfs/snapshots.ts';

// as zfs 2.3 prints it
const LIST = `tank/app@before upgrade\t16203449301213184477\t211\t1795288226\t0\t-
tank/app@holdfast-9f\t8163450298125911372\t187\t1795288301\t1\t9f3a
`;

test('snapshots are read with what they are known by, and the user properties that were asked for', () => {
  const [one, other] = parseSnapshots(LIST, ['holdfast:run']);
  assert.deepEqual(one, {
    dataset: 'tank/app',
    name: 'before upgrade',
    guid: '16203449301213184477',
    createtxg: 211,
    creation: 1_795_288_226_000,
    holds: 0,
    properties: {},
  });
  assert.deepEqual([other?.properties, other && fullName(other)], [{ 'holdfast:run': '9f3a' }, 'tank/app@holdfast-9f']);
  assert.ok(one && other && byAge(one, other) > 0, 'the transaction group says which is older, not the clock');
  assert.throws(() => parseSnapshots(LIST), { code: 'tool-output' });
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
