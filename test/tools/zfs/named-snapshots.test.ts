// Asking for snapshots by their names, with a zfs that answers as OpenZFS 2.3 does.

import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { destroyNamed, holdNamed, namedSnapshots, releaseNamed } from '../../../src/tools/zfs/named-snapshots.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const { signal } = new AbortController();

/** A zfs that says this and ends so. */
function zfsThatSays(t: TestContext, stdout: string, stderr: string, exitCode: number): void {
  const folder = temporaryDirectory();
  const file = join(folder.path, 'zfs');
  writeFileSync(file, `#!/bin/sh\nprintf '${stdout}'\nprintf '${stderr}' >&2\nexit ${exitCode}\n`);
  chmodSync(file, 0o755);
  const before = process.env['PATH'];
  process.env['PATH'] = `${folder.path}:${before}`;
  t.after(() => {
    process.env['PATH'] = before;
    folder[Symbol.dispose]();
  });
}

test('those that are gone are no failure, and the others are told', async (t) => {
  zfsThatSays(t, 'tank/a@x\\t2\\tR1\\ntank/c@x\\t0\\t-\\n', "cannot open 'tank/b@x': dataset does not exist\\n", 1);
  assert.deepEqual(await namedSnapshots(['tank/a@x', 'tank/b@x', 'tank/c@x'], 'holdfast:run', signal), [
    { full: 'tank/a@x', holds: 2, property: 'R1' },
    { full: 'tank/c@x', holds: 0, property: null },
  ]);
});

test('an answer that is none is a failure, never an empty list', async (t) => {
  zfsThatSays(t, '', 'internal error: out of memory\\n', 1);
  await assert.rejects(namedSnapshots(['tank/a@x'], 'holdfast:run', signal), { code: 'tool-failed' });
});

test('a failure that says nothing is not taken for being gone', async (t) => {
  zfsThatSays(t, '', '', 1);
  await assert.rejects(namedSnapshots(['tank/a@x'], 'holdfast:run', signal), { code: 'tool-failed' });
  await assert.rejects(releaseNamed('t', ['tank/a@x'], signal), { code: 'tool-failed' });
  await assert.rejects(destroyNamed('tank/a', 'x', signal), { code: 'tool-failed' });
});

test('what is mounted or held is busy; what is gone needs no destroying, no release, and cannot be held', async (t) => {
  zfsThatSays(t, '', 'cannot destroy snapshot tank/a@x: dataset is busy\\n', 1);
  assert.equal(await destroyNamed('tank/a', 'x', signal), 'busy');
  zfsThatSays(t, '', 'could not find any snapshots to destroy; check snapshot names.\\n', 1);
  assert.equal(await destroyNamed('tank/a', 'x', signal), 'gone');
  zfsThatSays(t, '', "cannot release hold from snapshot 'tank/a@x': no such tag on this dataset\\n", 1);
  await releaseNamed('t', ['tank/a@x'], signal);
  zfsThatSays(t, '', "cannot hold snapshot 'tank/a@x': dataset does not exist\\n", 1);
  await assert.rejects(holdNamed('t', ['tank/a@x'], signal), { code: 'snapshot-missing' });
});
