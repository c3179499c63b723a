// Words that are shown to be typed mean to a shell exactly what they stand for.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { quote, shellWord } from '../../src/lib/shell-word.ts';

/** What bash takes these words for. */
const meant = (words: readonly string[]): string[] =>
  execFileSync('bash', ['-c', `printf '%s\\0' ${words.join(' ')}`], { encoding: 'utf8', env: { LC_ALL: 'C' } })
    .split('\0')
    .slice(0, -1);

const ODD = [
  '',
  ' ',
  '~',
  '-rf',
  '=ls',
  'a=b',
  "it's",
  'a"b',
  '$HOME',
  '`id`',
  '{x,y}',
  '*',
  '!no',
  'back\\slash',
  'tab\t',
  'new\nline',
  "both ' and \n \\",
  'no\u00A0break',
  'right\u202Eleft',
  '\u{1}1',
  'ünï',
];

test('a word of a command line is taken for what it stands for, whatever is in it', () => {
  assert.deepEqual(meant(ODD.map(shellWord)), ODD);
  const words = fc.array(
    fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0') && text.isWellFormed()),
    {
      minLength: 1,
      maxLength: 200,
    },
  );
  fc.assert(
    fc.property(words, (texts) => assert.deepEqual(meant(texts.map(shellWord)), texts)),
    { numRuns: 50 },
  );
  assert.deepEqual(meant(ODD.map(quote)), ODD);
});

test('what is plain stays plain, and what cannot be seen on paper is written out', () => {
  assert.equal(shellWord('/srv/notes-1.2'), '/srv/notes-1.2');
  assert.equal(shellWord('--tag=a,b'), '--tag=a,b');
  assert.equal(shellWord('/srv/my notes'), "'/srv/my notes'");
  assert.equal(shellWord('new\nline'), String.raw`$'new\012line'`);
  for (const text of ODD) assert.match(shellWord(text), /^[\p{L}\p{N}\p{P}\p{S} ]+$/u);
});
