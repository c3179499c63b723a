import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nearest } from '../../src/config/nearest.ts';

test('a short word is not suggested for another one', () => {
  assert.equal(nearest('nas', ['near', 'far']), null);
  assert.equal(nearest('ab', ['xy']), null);
  assert.equal(nearest('daily', ['weekly']), null);
});

test('one slip of the finger in a word of three letters or more is forgiven', () => {
  const slips = fc
    .tuple(fc.stringMatching(/^[a-z]{3,12}$/), fc.nat(), fc.constantFrom('twice', 'lost', 'other', 'swapped'))
    .map(([word, seed, slip]) => {
      const at = seed % (word.length - 1);
      const [before, letter, next, after] = [word.slice(0, at), word[at], word[at + 1], word.slice(at + 2)];
      const typed = {
        twice: `${before}${letter}${letter}${next}${after}`,
        lost: `${before}${next}${after}`,
        other: `${before}-${next}${after}`,
        swapped: `${before}${next}${letter}${after}`,
      }[slip];
      return { word, typed };
    });
  fc.assert(fc.property(slips, ({ word, typed }) => nearest(typed, [word]) === word));
});

test('what is suggested differs in a third of its letters at most, or in the order of two', () => {
  const name = fc.stringMatching(/^[a-c]{1,9}$/);
  fc.assert(
    fc.property(name, fc.array(name, { minLength: 1 }), (typed, names) => {
      const near = nearest(typed, names);
      if (near === null) return;
      const longer = Math.max(typed.length, near.length);
      const same = [...near].filter((letter, index) => letter === typed[index]).length;
      assert.ok(Math.abs(near.length - typed.length) <= longer / 3);
      if (longer < 3) assert.ok(same >= 0 && [...near].toSorted().join() === [...typed].toSorted().join());
    }),
  );
});
