import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withSuffix } from '../../src/lib/unit-name.ts';

for (const [given, meant] of [
  ['notes', 'notes.service'],
  ['notes.service', 'notes.service'],
  ['notes.timer', 'notes.timer'],
  ['app.v2', 'app.v2.service'],
  ['syncoid-*', 'syncoid-*.service'],
  ['*', '*.service'],
  ['backup@.service', 'backup@.service'],
  ['restic@srv-data\\x2dold', 'restic@srv-data\\x2dold.service'],
  ['notes.*', 'notes.*'],
  ['notes.t[io]mer', 'notes.t[io]mer'],
] as const) {
  test(`${given} means ${meant}`, () => {
    assert.equal(withSuffix(given), meant);
  });
}
