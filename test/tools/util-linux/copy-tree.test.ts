import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseInstant } from '../../../src/domain/instant.ts';
import { compareTrees } from '../../../src/engine/restore/compare-trees.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { copyTree, diskUsage, removeTree } from '../../../src/tools/util-linux/copy-tree.ts';
import { writtenSince, writtenSinceArgs } from '../../../src/tools/util-linux/written-since.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const { signal } = new AbortController();

test('a copy has all that the comparison looks at, also under odd names', async () => {
  using temporary = temporaryDirectory();
  const [from, to] = [join(temporary.path, 'from'), join(temporary.path, 'to')];
  mkdirSync(join(from, 'a', 'b'), { recursive: true });
  mkdirSync(to);
  execFileSync(
    'sh',
    [
      '-c',
      String.raw`cd "$1" && echo x >file && ln file a/hard && ln -s nowhere a/b/link && mkfifo pipe && truncate -s 5M sparse && printf o >"$(printf 'o\nd \377')" && chmod 2750 a && touch -d '2020-01-02 03:04:05.123456789' file a .`,
      'sh',
      from,
    ],
    { stdio: 'ignore' },
  );
  await copyTree(from, to, signal);
  const { entries, differences } = await compareTrees(from, to, signal);
  assert.deepEqual([entries, differences], [8, []]);
  assert.ok((await diskUsage(to, signal)) < 1_000_000, 'holes stay holes');
  await removeTree(to, signal);
  await assert.rejects(diskUsage(to, signal), HoldfastError);
});

test('what cannot be copied is told', async () => {
  using temporary = temporaryDirectory();
  await assert.rejects(copyTree(join(temporary.path, 'missing'), temporary.path, signal), /No such file/);
});

test('what was written since a moment is told, and what was there before is not', async () => {
  using temporary = temporaryDirectory();
  writeFileSync(join(temporary.path, 'file'), 'x');
  const [before, after] = [parseInstant('2001-01-01T00:00:00Z'), parseInstant('2100-01-01T00:00:00Z')];
  assert.ok(before !== null && after !== null);
  assert.deepEqual(await writtenSince(temporary.path, before, signal), { entries: 1, paths: ['file'] });
  assert.deepEqual(await writtenSince(temporary.path, after, signal), { entries: 0, paths: [] });
  assert.ok(writtenSinceArgs('/d', before).includes('@978307200.000'));
});
