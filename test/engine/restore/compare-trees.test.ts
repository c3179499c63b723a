import assert from 'node:assert/strict';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { compareTrees } from '../../../src/engine/restore/compare-trees.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const { signal } = new AbortController();

test('times are compared to more than a millisecond', async () => {
  using temporary = temporaryDirectory();
  const root = temporary.path;
  for (const name of ['a', 'b']) {
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, 'file'), 'same');
    utimesSync(join(root, name, 'file'), 1_500_000_000.1234, 1_500_000_000.1234);
    utimesSync(join(root, name), 1_500_000_000, 1_500_000_000);
  }
  const compare = (): ReturnType<typeof compareTrees> => compareTrees(join(root, 'a'), join(root, 'b'), signal);
  assert.deepEqual((await compare()).differences, []);
  utimesSync(join(root, 'b', 'file'), 1_500_000_000.1235, 1_500_000_000.1235);
  const [difference = ''] = (await compare()).differences;
  assert.match(difference, /^\.\/file: time was 2017-07-14T02:40:00\.123[34]\d+Z, is 2017-07-14T02:40:00\.123[45]\d+Z$/);
});
