import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asideOf, isAsideOf } from '../../../src/engine/migrate/places.ts';

const RUN = '01M81P4NN3TCV8P212Z5Y962CB';

test('only a name that Holdfast gives to an old directory is taken for one', () => {
  for (const path of ['/persist/app', '/app', `/persist/${'long'.repeat(60)}`]) {
    assert.ok(isAsideOf(path, asideOf(path, RUN)), path);
    for (const other of [
      path,
      '/',
      '',
      `${asideOf(path, RUN)}/..`,
      `${asideOf(path, RUN)}x`,
      `/elsewhere${asideOf(path, RUN)}`,
    ])
      assert.ok(!isAsideOf(path, other), other);
  }
});
