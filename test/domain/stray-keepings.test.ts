// What is kept for targets of replication that nobody declares any more.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bookmarkName, sourceTag } from '../../src/domain/replication-base.ts';
import { releaseCommands, strayKeepings } from '../../src/domain/stray-keepings.ts';
import { strayFinding } from '../../src/engine/doctor/stray-check.ts';

const NAS = { name: 'nas', datasets: ['tank/a', 'tank/b'], exclude: ['tank/b/cache'] };
const HOLDS = new Map([
  ['tank/a@one', new Set([sourceTag('nas'), sourceTag('old'), 'mine'])],
  ['tank/b/cache@one', new Set([sourceTag('nas')])],
  ['tank/c@one', new Set(['holdfast:from:forge', 'holdfast:to:', 'syncoid'])],
]);
const BOOKMARKS = [
  `tank/a#${bookmarkName('nas', { guid: '1' })}`,
  `tank/a#${bookmarkName('old', { guid: '1' })}`,
  'tank/a#mine',
  'tank/a#holdfast:old:mine',
];

test('what is held for a target, or a dataset, that is no longer declared is told; what is declared, or of others, is not', () => {
  const strays = strayKeepings(HOLDS, BOOKMARKS, [NAS]);
  assert.deepEqual(strays, [
    { target: 'nas', isDeclared: true, held: ['tank/b/cache@one'], bookmarks: [] },
    { target: 'old', isDeclared: false, held: ['tank/a@one'], bookmarks: ['tank/a#holdfast:old:1'] },
  ]);
  assert.deepEqual(strayKeepings(new Map(), [], [NAS]), []);
});

test('the commands let go of those tags and bookmarks, and of nothing else', () => {
  const [, old] = strayKeepings(HOLDS, BOOKMARKS, [NAS]);
  assert.ok(old);
  assert.deepEqual(releaseCommands(old), [
    ['zfs', 'release', 'holdfast:to:old', 'tank/a@one'],
    ['zfs', 'destroy', 'tank/a#holdfast:old:1'],
  ]);
  assert.deepEqual(strayFinding(old), {
    health: 'warning',
    detail:
      'the snapshot tank/a@one is held and a bookmark is kept for the target old, which is not declared: nothing lets go of them, and what they hold takes room',
    fix: "Declare it again, and the next run goes on from them. If it is over: zfs release holdfast:to:old tank/a@one; zfs destroy 'tank/a#holdfast:old:1'",
  });
});
