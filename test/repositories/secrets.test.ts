// Files with secrets on a file system that does not answer: a named pipe that nobody writes to is as deaf as a dead server.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { resticAccess } from '../../src/repositories/access.ts';
import { secretsIn } from '../../src/repositories/secrets.ts';
import { probeFile } from '../../src/tools/util-linux/read-file.ts';
import { interruption } from '../../src/lib/interruption.ts';
import { repository } from '../engine/support/host.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const never = new AbortController().signal;

test('an environment file that does not answer is given up with the run, and one that is missing is told', async () => {
  using directory = temporaryDirectory();
  const deaf = join(directory.path, 'deaf');
  execFileSync('mkfifo', [deaf]);
  const stop = new AbortController();
  const options = { program: 'restic', cacheDir: directory.path };
  const reading = resticAccess(repository('near', { environmentFile: deaf }), { ...options, signal: stop.signal });
  setImmediate(() => stop.abort(interruption('SIGINT')));
  await assert.rejects(reading, { code: 'interrupted' });
  const missing = join(directory.path, 'missing');
  await assert.rejects(resticAccess(repository('near', { environmentFile: missing }), { ...options, signal: never }), {
    code: 'secret-unreadable',
    message: `${missing}: No such file or directory`,
  });
});

test('what lies at a path is known without reading it, and every line of a secret file is a secret', async () => {
  using directory = temporaryDirectory();
  const [file, link] = [join(directory.path, 'file'), join(directory.path, 'link')];
  symlinkSync(file, link);
  assert.equal(await probeFile(link, never), null);
  writeFileSync(file, 'A=first secret\n second \n');
  assert.deepEqual(await probeFile(link, never), { readable: true, size: 24 });
  assert.equal(await probeFile(join(file, 'below'), never).then((facts) => facts?.readable), false);
  assert.deepEqual(
    new Set(await secretsIn([file, '/nowhere'], never)),
    new Set(['A=first secret', 'second', '', 'first secret']),
  );
});
