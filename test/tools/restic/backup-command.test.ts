import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandBackupArgs } from '../../../src/tools/restic/backup-command.ts';
import { dumpArgs } from '../../../src/tools/restic/dump.ts';
import { HoldfastError } from '../../../src/lib/errors.ts';

const REQUEST = { argv: ['cat', '--', '/x'], path: '/holdfast.yaml', tags: ['a', 'b'], host: 'forge' } as const;

test('the program comes last, behind everything that restic reads', () => {
  assert.deepEqual(commandBackupArgs(REQUEST, 'nas'), [
    'backup',
    '--host=forge',
    '--tag=a',
    '--tag=b',
    '--stdin-filename=/holdfast.yaml',
    '--stdin-from-command',
    '--',
    'cat',
    '--',
    '/x',
  ]);
});

test('what restic cannot express is a bug of whoever asks: a file in a directory, a tag with a comma, a short id', () => {
  const isBug = (error: unknown): boolean => error instanceof HoldfastError && error.code === 'bug';
  for (const wrong of [{ path: '/a/b' }, { path: 'a' }, { tags: ['a,b'] }, { tags: [''] }, { host: '' }])
    assert.throws(() => commandBackupArgs({ ...REQUEST, ...wrong }, 'nas'), isBug);
  assert.throws(() => dumpArgs('latest', '/x', 'nas'), isBug);
  assert.deepEqual(dumpArgs('ab'.repeat(32), '/x', 'nas'), ['dump', '--', 'ab'.repeat(32), '/x']);
});
