import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { STAGING } from '../../../src/engine/restore/staging.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

test('what a dying restic makes anew in a staging directory is removed with it', async () => {
  using scratch = temporaryDirectory();
  const path = join(scratch.path, '.notes.restoring-01J0000000000000000000000');
  mkdirSync(path);
  const dying = spawn('sh', ['-c', 'echo; read answer; mkdir -p "${1#--target=}"', 'sh', `--target=${path}/again`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(dying.stdout, 'data');
  const undone = STAGING.undo({ path }, new AbortController().signal);
  dying.stdin.end('\n');
  await Promise.all([undone, once(dying, 'exit')]);
  assert.equal(existsSync(path), false);
});
