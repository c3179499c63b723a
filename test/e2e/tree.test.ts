// A real tree of files, as a distribution installed it: backed up, restored, compared byte by byte.

import assert from 'node:assert/strict';
import { closeSync, lstatSync, opendirSync, openSync, readlinkSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { scratchHost, stepOf } from '../support/cli.ts';

const TREE = '/usr/share';

/** Relative paths of everything below a directory, parents first. */
function* walk(directory: string, below = ''): Generator<string> {
  const entries = opendirSync(join(directory, below));
  try {
    for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) {
      const path = join(below, entry.name);
      yield path;
      if (entry.isDirectory()) yield* walk(directory, path);
    }
  } finally {
    entries.closeSync();
  }
}

const CHUNK = 1 << 20;
const buffers = [Buffer.alloc(CHUNK), Buffer.alloc(CHUNK)] as const;

/** Byte by byte, a chunk at a time. */
function sameContent(one: string, two: string): boolean {
  const [a, b] = [openSync(one, 'r'), openSync(two, 'r')];
  try {
    for (;;) {
      const [readA, readB] = [readSync(a, buffers[0]), readSync(b, buffers[1])];
      if (readA !== readB || buffers[0].compare(buffers[1], 0, readB, 0, readA) !== 0) return false;
      if (readA === 0) return true;
    }
  } finally {
    closeSync(a);
    closeSync(b);
  }
}

/** What a restore must give back: null when both are equal. */
function difference(original: string, copy: string): string | null {
  const one = lstatSync(original);
  const two = lstatSync(copy, { throwIfNoEntry: false });
  if (!two) return 'is missing';
  if (one.mode !== two.mode) return `has mode ${two.mode.toString(8)} instead of ${one.mode.toString(8)}`;
  if (one.uid !== two.uid || one.gid !== two.gid) return `belongs to ${two.uid}:${two.gid} instead of ${one.uid}:${one.gid}`;
  if (one.isSymbolicLink()) return readlinkSync(original) === readlinkSync(copy) ? null : `points to ${readlinkSync(copy)}`;
  if (Math.trunc(one.mtimeMs) !== Math.trunc(two.mtimeMs)) return 'has another time';
  if (!one.isFile()) return null;
  if (one.size !== two.size) return `has ${two.size} bytes instead of ${one.size}`;
  return sameContent(original, copy) ? null : 'has another content';
}

test(`all of ${TREE} goes into a repository and comes back as it was`, async (t) => {
  const host = scratchHost(t);
  rmSync(host.addRepository('near'), { recursive: true });
  await host.restic('near', ['init']);
  host.services['share'] = { backup: { paths: [TREE] } };

  const start = performance.now();
  const saved = await host.backUp();
  assert.equal(saved.code, 0, saved.stderr);
  const { filesNew, bytesProcessed } = stepOf(saved.report, 'backup:share@near').result ?? {};
  const savedIn = performance.now() - start;

  const target = host.path('back');
  const restored = await host.run(['--json', 'restore', 'share', '--to', target]);
  assert.equal(restored.code, 0, restored.stdout + restored.stderr);
  const restoredIn = performance.now() - start - savedIn;

  const wrong: string[] = [];
  let entries = 0;
  let files = 0;
  for (const path of walk(TREE)) {
    const found = difference(join(TREE, path), join(target, TREE, path));
    if (found !== null) wrong.push(`${path} ${found}`);
    entries += 1;
    if (lstatSync(join(TREE, path)).isFile()) files += 1;
  }
  assert.deepEqual(wrong, []);
  assert.equal([...walk(join(target, TREE))].length, entries, 'there is more than there was');
  assert.equal(filesNew, files);
  const comparedIn = performance.now() - start - savedIn - restoredIn;
  const seconds = (ms: number): string => (ms / 1000).toFixed(1);
  t.diagnostic(
    `${files} files, ${Number(bytesProcessed)} bytes: saved in ${seconds(savedIn)} s, restored in ${seconds(restoredIn)} s, compared in ${seconds(comparedIn)} s`,
  );
});
