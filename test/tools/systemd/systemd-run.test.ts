import assert from 'node:assert/strict';
import { test } from 'node:test';
import { duration } from '../../../src/domain/duration.ts';
import { startLaterArgs } from '../../../src/tools/systemd/systemd-run.ts';

test('a command is started after whole seconds, never earlier than asked for, and leaves no failed unit behind', () => {
  const argv = startLaterArgs({
    unit: 'holdfast-gate-release',
    after: duration(1500, 'ms'),
    argv: ['/usr/bin/node', '/opt/holdfast.js', 'gate', 'release'],
    description: 'x',
  });
  assert.ok(argv.includes('--on-active=2s') && argv.includes('--collect'));
  assert.deepEqual(argv.slice(argv.indexOf('--')), ['--', '/usr/bin/node', '/opt/holdfast.js', 'gate', 'release']);
});
