import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasWildcard, namePattern } from '../../src/lib/name-pattern.ts';

const MATCHES: readonly (readonly [pattern: string, yes: readonly string[], no: readonly string[]])[] = [
  ['sonarr', ['sonarr'], ['sonarr2', 'my-sonarr', 'Sonarr']],
  ['*', ['a', '.hidden', 'a.b-c_d'], ['']],
  ['**', ['a', '.hidden', 'a@b.service'], []],
  ['syncoid-*.service', ['syncoid-tank.service', 'syncoid-.service'], ['syncoid-tank.timer', 'x-syncoid-tank.service']],
  ['media?', ['media1', 'media-'], ['media', 'media12']],
  ['[ab]*', ['a', 'bcd'], ['c', '']],
  ['[a-c]x', ['ax', 'cx'], ['dx', '-x']],
  ['[!ab]*', ['c', '-'], ['a', 'bc']],
  ['[^ab]*', ['c', '-'], ['a', 'bc']],
  ['backup@*.service', ['backup@.service', 'backup@home.service'], ['backup-home.service']],
  [String.raw`run-a\x2db.mount`, [String.raw`run-a\x2db.mount`], ['run-ax2db.mount', 'run-a-b.mount']],
  [String.raw`run-a\x2d*`, [String.raw`run-a\x2db.mount`], ['run-ax2db.mount']],
];

for (const [pattern, yes, no] of MATCHES) {
  test(`${pattern} matches what a shell would match with it`, () => {
    const matches = namePattern(pattern);
    for (const name of yes) assert.ok(matches(name), name);
    for (const name of no) assert.ok(!matches(name), name);
  });
}

test('what only some shells know is text', () => {
  assert.ok(!namePattern('{a,b}')('a'));
  assert.ok(!namePattern('!a')('b'));
  assert.ok(!namePattern('@(a|b)')('a'));
});

test('of several patterns one is enough, and of none there is none', () => {
  assert.deepEqual(['a1', 'b', 'b1'].map(namePattern(['a*', 'b'])), [true, true, false]);
  assert.ok(!namePattern([])('a'));
});

test('a name without wildcards stands for itself', () => {
  assert.deepEqual(['a*', 'a?', '[ab]', 'a.service', 'a@b-c'].map(hasWildcard), [true, true, true, false, false]);
});
