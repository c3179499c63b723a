import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markOf } from '../../../src/engine/postgres/processes.ts';

test('each backup of a run has a mark of its own: what is over ends no other', () => {
  const marks = ['main', 'main-2', 'shop'].flatMap((stanza) => [1, 2, 12].map((key) => markOf('01RUN', stanza, key)));
  assert.equal(new Set(marks).size, marks.length);
  assert.notEqual(markOf('01RUN', 'main', 1), markOf('02RUN', 'main', 1));
});
