// Asking for snapshots by their names, with a zfs that answers as OpenZFS 2.3 does.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { fullName } from '../../../src/domain/zfs-snapshot.ts';
import { destroyNamed, holdNamed, namedSnapshots, releaseNamed } from '../../../src/tools/zfs/named-snapshots.ts';
import { stillThere } from '../../../src/tools/zfs/points.ts';
import { fakeZfs } from '../../support/fake-zfs.ts';

const { signal } = new AbortController();

/** Says this and ends so. */
const zfsThatSays = (t: TestContext, stdout: string, stderr: string, exitCode: number): string =>
  fakeZfs(t, `printf '${stdout}'\nprintf '${stderr}' >&2\nexit ${exitCode}`);

const row = (name: string, holds: number, run: string): string =>
  `${name}\\tsnapshot\\t7\\t5\\t1795337758\\t0\\t${holds}\\t${run}\\t-\\t\\toff\\t-\\t-\\n`;

test('those that are gone are no failure, and the others are told', async (t) => {
  zfsThatSays(t, row('tank/a@x', 2, 'R1') + row('tank/c@x', 0, '-'), "cannot open 'tank/b@x': dataset does not exist\\n", 1);
  const found = await namedSnapshots(['tank/a@x', 'tank/b@x', 'tank/c@x'], signal);
  assert.deepEqual(
    found.map((each) => [fullName(each), each.holds, each.properties['holdfast:run']]),
    [
      ['tank/a@x', 2, 'R1'],
      ['tank/c@x', 0, undefined],
    ],
  );
});

test('gone is only what is told to be absent, however much is said of others', async (t) => {
  const names = Array.from({ length: 30 }, (_, index) => `tank/my data@x${index}`);
  const [first = '', ...others] = names;
  const absent = (some: readonly string[]): string =>
    some.map((name) => `cannot open \\047${name}\\047: dataset does not exist\\n`).join('');
  zfsThatSays(t, `${first}\\n`, absent(others), 1);
  assert.deepEqual([...(await stillThere(names, signal))], [first]);
  zfsThatSays(t, '', `cannot open \\047${first}\\047: I/O error\\n${absent(others)}`, 1);
  await assert.rejects(stillThere(names, signal), { code: 'tool-failed', message: /I\/O error/ });
  zfsThatSays(t, '', '', 0);
  await assert.rejects(stillThere(names, signal), { code: 'tool-failed' });
});

test('an answer that is none is a failure, never an empty list', async (t) => {
  zfsThatSays(t, '', 'internal error: out of memory\\n', 1);
  await assert.rejects(namedSnapshots(['tank/a@x'], signal), { code: 'tool-failed' });
});

test('a failure that says nothing is not taken for being gone', async (t) => {
  zfsThatSays(t, '', '', 1);
  await assert.rejects(namedSnapshots(['tank/a@x'], signal), { code: 'tool-failed' });
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
