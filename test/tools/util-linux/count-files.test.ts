// Files and sizes in directories, beneath mounts too.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { countArgs, countBeneathArgs, countFiles, parseCounts } from '../../../src/tools/util-linux/count-files.ts';

const never = new AbortController().signal;
const run = ([program, ...args]: readonly [string, ...string[]]): string =>
  execFileSync(program, args, { encoding: 'utf8', cwd: '/' });

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-count-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, 'full/deep er'), { recursive: true });
  mkdirSync(join(directory, 'empty/directory'), { recursive: true });
  writeFileSync(join(directory, 'full/a\nb'), '12345');
  writeFileSync(join(directory, 'full/deep er/-c'), '123');
  return directory;
}

test('each directory is counted, whatever its files are called; directories and what is not there count nothing', async (t) => {
  const directory = scratch(t);
  const counts = await countFiles(
    ['full', 'empty', 'gone', 'full/deep er'].map((name) => join(directory, name)),
    never,
  );
  assert.deepEqual(
    counts.map(({ files, bytes, more }) => [files, bytes, more]),
    [
      [2, 8, false],
      [0, 0, false],
      [0, 0, false],
      [1, 3, false],
    ],
  );
});

test('beyond the limit nothing is counted, and that is told', (t) => {
  const [counted] = parseCounts(run(countArgs([join(scratch(t), 'full')], 1)), 1);
  assert.deepEqual([counted?.files, counted?.more], [1, true]);
});

test(
  'what is mounted over a directory is not counted, and stays mounted',
  { skip: process.getuid?.() !== 0 && 'only root' },
  (t) => {
    const directory = scratch(t);
    const relative = join(directory, 'full').slice(1);
    const own = run(['findmnt', '--noheadings', '--output', 'TARGET', '--target', directory]).trim();
    const argv = countBeneathArgs(own, [relative.slice(own.length - 1)]);
    const mount = `mount -t tmpfs tmpfs '${directory}/full' && echo x >'${directory}/full/upper'`;
    const told = run(['unshare', '--mount', 'sh', '-c', `${mount} && "$@" && ls '${directory}/full'`, 'sh', ...argv]);
    assert.match(told, /upper\n$/);
    const [counted] = parseCounts(told.replace(/upper\n$/, ''));
    assert.deepEqual([counted?.files, counted?.bytes], [2, 8]);
  },
);
