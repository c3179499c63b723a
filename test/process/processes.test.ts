import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { duration } from '../../src/domain/duration.ts';
import { endMarked } from '../../src/process/marked.ts';
import { workingIn } from '../../src/process/processes.ts';
import { temporaryDirectory } from '../support/temporary.ts';

test('who works in a directory is found by whichever name it has, and nobody where nobody does', async () => {
  using directory = temporaryDirectory();
  const link = join(directory.path, 'link');
  symlinkSync(directory.path, link);
  assert.equal(await workingIn(directory.path), null);
  const child = spawn('sh', ['-c', 'echo; read answer'], { cwd: directory.path, stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  assert.deepEqual([await workingIn(directory.path), await workingIn(link)], [child.pid, child.pid]);
  assert.equal(await workingIn(join(directory.path, 'not-there')), null);
  child.stdin.end('\n');
  await once(child, 'exit');
});

test('what carries a mark is ended, also where it does not listen, and nothing that carries one like it', async () => {
  const mark = `--exec-id=test-${process.pid}`;
  const start = async (argument: string) => {
    const child = spawn('sh', ['-c', "trap '' TERM; echo; while read line; do :; done; exit 7", 'sh', argument], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    return child;
  };
  const [marked, other] = await Promise.all([start(mark), start(`${mark}0`)]);
  const ended = once(marked, 'exit');
  assert.equal(await endMarked(mark, duration(100, 'ms'), new AbortController().signal), 1);
  assert.deepEqual(await ended, [null, 'SIGKILL']);
  const left = once(other, 'exit');
  other.stdin.end();
  assert.deepEqual(await left, [7, null]);
});
