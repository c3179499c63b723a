import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { PATH } from '../support/cli.ts';

const root = resolve(import.meta.dirname, '..', '..');

test('the bench finds restic among the tools of the checkout, when the caller does not, and tells figures beside a peer', () => {
  const tools = join(root, '.tools/bin');
  const { status, stdout, stderr } = spawnSync(process.execPath, ['bench/main.ts', 'startup', '--rounds', '1'], {
    cwd: root,
    encoding: 'utf8',
    env: {
      ...process.env,
      PATH: PATH.split(':')
        .filter((directory) => directory !== tools)
        .join(':'),
    },
  });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /restic 0\.\d+[^]*\n {2}node -e 0 .*\n {2}holdfast --help .*\n {2}holdfast status .*\n/);
});

test('a bench that nobody made is refused with the names of those that are', () => {
  const { status, stderr } = spawnSync(process.execPath, ['bench/main.ts', 'nothing'], { cwd: root, encoding: 'utf8' });
  assert.equal(status, 64);
  assert.match(stderr, /no bench is called nothing; there are: one, many, startup, /);
});
