// When restic is given up, as far as no real one can be brought there at will.

import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { duration } from '../../../src/domain/duration.ts';
import type { HoldfastError } from '../../../src/lib/errors.ts';
import { Patience } from '../../../src/tools/restic/patience.ts';

// as 0.18.0 said it before it hung
const NOT_SAVED =
  'Save(<data/919adff892>) failed: write /srv/small/r/data/91/919adff892c5-tmp-4270653730: no space left on device';
const NO_ANSWER =
  'Load(<config/>, 0, 0) returned error, retrying after 1.2s: dial tcp 127.0.0.1:9: connect: connection refused';
const OTHER = 'Load(<index/b5a6f>, 0, 0) returned error, retrying after 720ms: unexpected EOF';

mock.timers.enable({ apis: ['setTimeout'] });

const watching = (): Patience => new Patience('back up to', 'near', duration(60, 's'));
const reasonOf = ({ signal }: Patience): HoldfastError | null => (signal.aborted ? (signal.reason as HoldfastError) : null);

test('a restic that could not save and does not end is given up, with the reason that it gave', () => {
  using patience = watching();
  patience.note(NOT_SAVED);
  patience.note(NOT_SAVED.replaceAll('919adff892', '1c70ffee00'));
  patience.note(OTHER);
  mock.timers.tick(9_999);
  assert.equal(reasonOf(patience), null, 'it may still end by itself');
  mock.timers.tick(1);
  const error = reasonOf(patience);
  assert.equal(error?.code, 'no-space');
  assert.match(error.message, /no space left on device/);
  assert.match(error.hint ?? '', /retention apply/);
});

for (const [what, line] of [
  ['saves again later', NOT_SAVED.replace('failed:', 'returned error, retrying after 1s:')],
  ['could not save its lock (it tries anew)', NOT_SAVED.replace('data/919', 'lock/919')],
  ['could not read something (that need not be the end)', NOT_SAVED.replace('Save', 'Load')],
] as const) {
  test(`a restic that ${what} is left alone`, () => {
    using patience = watching();
    patience.note(line);
    mock.timers.tick(3_600_000);
    assert.equal(reasonOf(patience), null);
  });
}

test('a repository that does not answer the first request is given up; one that answers late is not', () => {
  using silent = watching();
  silent.note(NO_ANSWER);
  mock.timers.tick(30_000);
  silent.note(NO_ANSWER);
  mock.timers.tick(30_000);
  assert.match(reasonOf(silent)?.message ?? '', /did not answer within 1m: .*connection refused/);

  using late = watching();
  late.note(NO_ANSWER);
  late.note(OTHER);
  mock.timers.tick(3_600_000);
  assert.equal(reasonOf(late), null);
});

test('nothing is given up after restic has ended', () => {
  const patience = watching();
  patience.note(NOT_SAVED);
  patience[Symbol.dispose]();
  mock.timers.tick(3_600_000);
  assert.equal(reasonOf(patience), null);
});
