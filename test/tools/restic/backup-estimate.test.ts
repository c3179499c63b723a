import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backupArgs } from '../../../src/tools/restic/backup.ts';

const REQUEST = { paths: ['/data'], tags: ['t'], host: 'h' };

test('files are counted beforehand only where somebody watches the progress', () => {
  assert.ok(backupArgs({ ...REQUEST, estimate: false }, 'job').includes('--no-scan'));
  assert.ok(!backupArgs({ ...REQUEST, estimate: true }, 'job').includes('--no-scan'));
  assert.ok(!backupArgs(REQUEST, 'job').includes('--no-scan'));
});
