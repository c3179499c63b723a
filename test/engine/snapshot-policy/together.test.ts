// Many snapshots in few calls: what ZFS refuses is left out, and nothing that it would have done is lost with it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { destroyBatch } from '../../../src/engine/snapshot-policy/destroy-batch.ts';
import { takeTogether } from '../../../src/engine/snapshot-policy/take-together.ts';
import { type ErrorCode, HoldfastError } from '../../../src/lib/errors.ts';

const { signal } = new AbortController();
const said = (code: ErrorCode, ...stderrTail: string[]): HoldfastError =>
  new HoldfastError({
    code,
    operation: 'change',
    subject: 'tank',
    message: stderrTail[0] ?? '',
    tool: { name: 'zfs', exitCode: 1, stderrTail },
  });

/** ZFS as it is: all of a call or none. */
function pool(refuse: (name: string) => HoldfastError | null) {
  const done: string[] = [];
  const calls: number[] = [];
  const attempt = (names: readonly string[]): Promise<void> => {
    calls.push(names.length);
    const error = names.map(refuse).find((each) => each !== null);
    if (error) return Promise.reject(error);
    done.push(...names);
    return Promise.resolve();
  };
  return { done, calls, attempt };
}

test('those that cannot be taken are told with why, all others are taken in the same call', async () => {
  const zfs = pool((name) => {
    if (name === 'tank/a@x') return said('tool-failed', `cannot create snapshot 'tank/a@x': dataset already exists`);
    return name.startsWith('tank/gone@')
      ? said('tool-failed', "cannot open 'tank/gone': dataset does not exist", 'usage:')
      : null;
  });
  const names = ['tank/a@x', 'tank/ab@x', 'tank/gone@x', 'tank/my data@x'];
  const failed = await takeTogether(names, {}, signal, zfs.attempt);
  assert.deepEqual([...failed.keys()], ['tank/a@x', 'tank/gone@x']);
  assert.deepEqual(zfs.done, ['tank/ab@x', 'tank/my data@x']);
  assert.equal(zfs.calls.length, 3);
});

test('more than a command line takes are taken by several calls, each name by exactly one', async () => {
  const names = Array.from(
    { length: 10_000 },
    (_, index) => `tank/${'d'.repeat(200)}${index}@holdfast_2026-11-22_08:00:00_hourly`,
  );
  const [bad = ''] = names.slice(7000);
  const zfs = pool((name) =>
    name === bad ? said('tool-failed', `cannot create snapshot '${bad}': dataset already exists`) : null,
  );
  const failed = await takeTogether(names, {}, signal, (some) => {
    assert.ok(some.reduce((sum, name) => sum + name.length + 1, 0) < 1_500_000);
    return zfs.attempt(some);
  });
  assert.deepEqual([...failed.keys()], [bad]);
  assert.deepEqual(
    zfs.done,
    names.filter((name) => name !== bad),
  );
  assert.equal(zfs.calls.length, 4);
});

test('what is refused without a name has failed for all, once', async () => {
  const zfs = pool(() => said('no-space', 'cannot create snapshots : out of space'));
  const failed = await takeTogether(['tank/a@x', 'tank/b@x'], {}, signal, zfs.attempt);
  assert.deepEqual([failed.size, zfs.calls], [2, [2]]);
});

test('a tool that is not there, and a run that is cancelled, are no failures of one snapshot', async () => {
  const zfs = pool(() => said('interrupted', 'stop'));
  await assert.rejects(takeTogether(['tank/a@x'], {}, signal, zfs.attempt), { code: 'interrupted' });
  await assert.rejects(
    destroyBatch('tank/a', ['x', 'y'], signal, (_, names) => zfs.attempt(names)),
    { code: 'interrupted' },
  );
});

const HELD = (name: string): HoldfastError =>
  said(
    'tool-failed',
    `cannot destroy snapshot tank/a@${name}: it's being held. Run 'zfs holds -r tank/a@${name}' to see holders.`,
  );

test('what is held or cloned stays, the others go in the next call', async () => {
  const zfs = pool((name) => {
    if (name === 'held') return HELD(name);
    return name === 'cloned'
      ? said('tool-failed', "cannot destroy 'tank/a@cloned': snapshot has dependent clones", "use '-R' to destroy", 'tank/b')
      : null;
  });
  const stay = await destroyBatch('tank/a', ['one', 'held', 'two', 'cloned', 'held-too'], signal, (_, names) =>
    zfs.attempt(names),
  );
  assert.deepEqual([...stay.keys()], ['held', 'cloned']);
  assert.deepEqual(zfs.done, ['one', 'two', 'held-too']);
  assert.deepEqual(zfs.calls, [5, 4, 3]);
});

test('a list that is too long is halved, and one that somebody else destroyed is no failure', async () => {
  const calls: number[] = [];
  const stay = await destroyBatch('tank/a', ['a', 'b', 'c', 'd', 'e'], signal, (_, names) => {
    calls.push(names.length);
    if (names.length > 2) return Promise.reject(said('bug', 'zfs could not be started: spawn E2BIG'));
    return names.includes('e')
      ? Promise.reject(said('tool-failed', 'could not find any snapshots to destroy; check snapshot names.'))
      : Promise.resolve();
  });
  assert.equal(stay.size, 0);
  assert.deepEqual(calls, [5, 3, 2, 1, 2]);
});

test('permission that is missing is told once, not for each snapshot', async () => {
  const zfs = pool(() => said('permission-denied', 'cannot destroy snapshots: permission denied'));
  await assert.rejects(
    destroyBatch('tank/a', ['a', 'b', 'c'], signal, (_, names) => zfs.attempt(names)),
    { code: 'permission-denied' },
  );
  assert.deepEqual(zfs.calls, [3]);
});

test('no argument is longer than the kernel takes, and every name is in exactly one call', async () => {
  const names = Array.from({ length: 5000 }, (_, index) => `holdfast_2026-11-22_08:00:00_${index}`);
  const zfs = pool(() => null);
  await destroyBatch('tank/a', names, signal, (_, some) => {
    assert.ok(`tank/a@${some.join(',')}`.length < 131_072);
    return zfs.attempt(some);
  });
  assert.deepEqual(zfs.done, names);
  assert.ok(zfs.calls.length <= 3);
});

test('whichever cannot go, exactly those stay, whether or not ZFS names them', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.stringMatching(/^[a-z]{1,3}$/), { maxLength: 30 }),
      fc.boolean(),
      async (names, named) => {
        const bad = new Set(names.filter((_, index) => index % 3 === 0));
        const zfs = pool((name) =>
          bad.has(name) ? (named ? HELD(name) : said('busy', 'cannot destroy snapshots: dataset is busy')) : null,
        );
        const stay = await destroyBatch('tank/a', names, signal, (_, some) => zfs.attempt(some));
        assert.deepEqual(new Set(stay.keys()), bad);
        assert.deepEqual(new Set(zfs.done), new Set(names.filter((name) => !bad.has(name))));
      },
    ),
    { numRuns: 200, seed: 3 },
  );
});
