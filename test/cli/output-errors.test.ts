// What becomes of a command whose output cannot be written.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scratchHost } from '../support/cli.ts';

/** Programs in front of one whose output of these descriptors goes to a full disk. */
const onFullDisk = (...descriptors: readonly (1 | 2)[]): string[] => [
  'sh',
  '-c',
  `exec "$@" ${descriptors.map((each) => `${each}>/dev/full`).join(' ')}`,
  'sh',
];

test('a full log disk does not keep a run from backing up', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('docs');
  const { code, stdout } = await host.run(['run'], { under: onFullDisk(2) });
  assert.match(stdout, /2 of 2 succeeded/);
  assert.equal(code, 0);
  assert.equal((await host.snapshots('near')).length, 1);
});

test('a result that cannot be written is told as an error, once the work is done', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('docs');
  const { code, stderr } = await host.run(['run'], { under: onFullDisk(1) });
  assert.match(stderr, /^error: could not write the result: ENOSPC$/m);
  assert.match(stderr, /^hint: /m);
  assert.doesNotMatch(stderr, /\bat .*\.(ts|js):\d/, 'no stack trace');
  assert.equal(code, 2);
  assert.equal((await host.snapshots('near')).length, 1);
  assert.deepEqual(host.leftovers(), []);
});

test('nothing that only looks ends in a stack trace when its result cannot be written', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('docs');
  for (const args of [['status'], ['config', 'show'], ['--json', 'history']]) {
    const { code, stderr } = await host.run(args, { under: onFullDisk(1) });
    assert.match(stderr, /^error: could not write the result: ENOSPC\nhint: .*\n$/, args.join(' '));
    assert.equal(code, 2);
  }
});

test('both outputs may be full, and the exit code still tells', async (t) => {
  const host = scratchHost(t);
  host.addRepository('near');
  host.addService('docs');
  assert.equal((await host.run(['run'], { under: onFullDisk(1, 2) })).code, 2);
  assert.equal((await host.snapshots('near')).length, 1);
});
