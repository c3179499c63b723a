// What is compared of two restored trees, and what is found.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { inCalls } from '../../../src/engine/drill/in-calls.ts';
import { compareContents } from '../../../src/engine/drill/same-content.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const { signal } = new AbortController();

function trees(): Disposable & {
  readonly a: string;
  readonly b: string;
  readonly put: (tree: string, name: string | Buffer, content: string | Buffer, time?: number) => void;
} {
  const directory = temporaryDirectory();
  const [a, b] = [join(directory.path, 'a'), join(directory.path, 'b')];
  for (const tree of [a, b]) mkdirSync(tree);
  return {
    a,
    b,
    put(tree, name, content, time = 1e9) {
      const path = Buffer.concat([Buffer.from(`${tree}/`), Buffer.from(name)]);
      if (typeof name === 'string') mkdirSync(dirname(join(tree, name)), { recursive: true });
      writeFileSync(path, content);
      utimesSync(path, time, time);
    },
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}

test('files of the same path, size and time are compared to their last byte; all others are left alone', async () => {
  using here = trees();
  const { a, b, put } = here;
  const large = randomBytes(3 * 1024 * 1024 + 17);
  const changed = Buffer.from(large);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  for (const [name, first, second] of [
    ['same/large', large, large],
    ['differs at its end', large, changed],
    ['differs', 'one', 'two'],
    ['passed over', 'one', 'two'],
    ['of another size', 'one', 'three'],
    ['empty', '', ''],
  ] as const) {
    put(a, name, first);
    put(b, name, second);
  }
  put(a, 'of another time', 'one', 1e9);
  put(b, 'of another time', 'two', 1e9 + 1e-6);
  put(b, 'only in one', 'x');
  put(b, 'link in the other', 'x');
  symlinkSync('same', join(a, 'link in the other'));
  const name = Buffer.from([0x6c, 0xe9]);
  put(a, name, 'not UTF-8');
  put(b, name, 'not utf-8');
  const found = await compareContents(
    a,
    b,
    (path) => path === '/passed over',
    signal,
    () => {},
  );
  assert.equal(found.files, 4);
  assert.equal(found.bytes, 2 * large.length + 3 + 9);
  assert.deepEqual(found.differences.toSorted(), ['/differs', '/differs at its end', `/l\uFFFD`].toSorted());
});

test('being told to stop stops it', async () => {
  using here = trees();
  for (const tree of [here.a, here.b]) here.put(tree, 'file', 'x');
  const stop = AbortSignal.abort(new Error('enough'));
  await assert.rejects(
    compareContents(
      here.a,
      here.b,
      () => false,
      stop,
      () => {},
    ),
    /enough/,
  );
});

test('as many files go into one call as an argument list can hold, and none is lost', () => {
  const files = Array.from({ length: 5000 }, (_, index) => ({ path: `/${'long'.repeat(60)}/[${index}]` }));
  const calls = inCalls(files);
  assert.ok(calls.length > 1 && calls.length < 5);
  assert.ok(calls.every((call) => call.reduce((sum, each) => sum + each.length, 0) < 600_000));
  assert.deepEqual(
    calls.flat(),
    files.map(({ path }) => path.replace('[', '\\[').replace(']', '\\]')),
  );
  assert.deepEqual(inCalls([]), []);
});
