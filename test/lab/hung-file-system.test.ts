// A command that hangs in the kernel, where no signal reaches it: on a real file system that lets nobody write.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { missingFor } from '../../lab/requirements.ts';
import { duration } from '../../src/domain/duration.ts';
import { runProcess } from '../../src/process/run-process.ts';

const skip = missingFor('container');

const PATIENCE = duration(30, 's');

/** ext4 on a loop device; whatever writes to it waits, uninterruptibly, until the end of the test. */
function freezeFileSystem(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-frozen-'));
  const [image, path] = [join(directory, 'image'), join(directory, 'mounted')];
  mkdirSync(path);
  execFileSync('truncate', ['--size=16M', image]);
  execFileSync('mkfs.ext4', ['-q', image]);
  execFileSync('mount', ['-o', 'loop', image, path]);
  execFileSync('fsfreeze', ['--freeze', path]);
  t.after(() => {
    execFileSync('fsfreeze', ['--unfreeze', path]);
    execFileSync('umount', ['--lazy', path]);
    rmSync(directory, { recursive: true });
  });
  return path;
}

test(
  'a command that the kernel does not let go is left behind soon after its time, and told as that',
  { skip },
  async (t) => {
    const file = join(freezeFileSystem(t), 'file');
    const running = runProcess(
      { argv: ['touch', file], operation: 'write to', subject: file },
      { signal: new AbortController().signal, timeout: duration(200, 'ms'), grace: duration(100, 'ms') },
    );
    const left = setTimeout(PATIENCE, new Error('it is waited for still'), { signal: t.signal }).then((error) =>
      Promise.reject(error),
    );
    await assert.rejects(Promise.race([running, left]), { code: 'timed-out', message: 'did not finish within 200ms' });
    assert.equal(existsSync(file), false, 'it hangs still');
  },
);
