// A recovery that failed is tried again by itself: only where that can help, and ever more seldom.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '../../src/domain/duration.ts';
import { type Instant, later } from '../../src/domain/instant.ts';
import { decideAgain, type FailedAttempt, waitAfter } from '../../src/domain/recovery-again.ts';

const NOW = Date.parse('2026-01-02T03:00:00Z') as Instant;
const ago = (minutes: number, mayPass = true): FailedAttempt => ({
  endedAt: later(NOW, duration(-minutes, 'm')),
  mayPass,
});

test('the first try comes after five minutes, each next one after twice as long, and then one every hour', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 100].map((failures) => waitAfter(failures) / duration(1, 'm')),
    [5, 10, 20, 40, 60, 60, 60],
  );
  assert.deepEqual(decideAgain([ago(4)], NOW), { kind: 'wait', until: later(NOW, duration(1, 'm')) });
  assert.deepEqual(decideAgain([ago(5)], NOW), { kind: 'now' });
  assert.deepEqual(decideAgain([ago(9), ago(20)], NOW), { kind: 'wait', until: later(NOW, duration(1, 'm')) });
  assert.deepEqual(decideAgain([ago(10), ago(20)], NOW), { kind: 'now' });
});

test('what only a person can mend is not tried again, however long ago it was and whatever was wrong before', () => {
  assert.deepEqual(decideAgain([ago(1000, false), ago(1010)], NOW), { kind: 'person' });
  assert.deepEqual(decideAgain([ago(1000), ago(1010, false)], NOW), { kind: 'now' });
});

test('one that failed before anything could be recorded is tried again, and so is one of the future: the clock was set back', () => {
  assert.deepEqual(decideAgain([], NOW), { kind: 'now' });
  assert.deepEqual(decideAgain([ago(-600)], NOW), { kind: 'now' });
});
