// One connection for many commands: held as long as it is used, ended with it. In place of ssh a program that does what it is told to.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { connect } from '../../../src/tools/ssh/connection.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const remote = { user: 'backup', host: 'nas-1' };

/** `ssh` is this script as long as it is used. */
function ssh(folder: string, script: string): Disposable {
  const { PATH, SHELL } = process.env;
  writeFileSync(join(folder, 'ssh'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env['PATH'] = `${folder}:${PATH}`;
  process.env['SHELL'] = '/usr/sbin/nologin';
  return {
    [Symbol.dispose]() {
      process.env['PATH'] = PATH;
      if (SHELL === undefined) delete process.env['SHELL'];
      else process.env['SHELL'] = SHELL;
    },
  };
}

test('it is there when ssh says so, and ends when it is let go of', { timeout: 60_000 }, async () => {
  using folder = temporaryDirectory();
  const pid = join(folder.path, 'pid');
  using _ssh = ssh(
    folder.path,
    `echo $$ >${pid}; echo "$SHELL" >${pid}.shell; echo Welcome; echo holdfast-connected; exec sleep 1000`,
  );
  let socket: string;
  {
    await using connection = await connect(remote, new AbortController().signal);
    const argv = connection.argv(['zfs', 'list']);
    socket = argv[argv.indexOf('-S') + 1] ?? '';
    assert.ok(existsSync(join(socket, '..')));
    assert.ok(existsSync(`/proc/${readFileSync(pid, 'utf8').trim()}`));
  }
  assert.ok(!existsSync(`/proc/${readFileSync(pid, 'utf8').trim()}`));
  assert.ok(!existsSync(join(socket, '..')), 'nothing of it is left');
  assert.equal(readFileSync(`${pid}.shell`, 'utf8').trim(), '/bin/sh', 'whatever shell the user has');
});

test('where nobody may come in, what ssh says is told, and how to try it', { timeout: 60_000 }, async () => {
  using folder = temporaryDirectory();
  using _ssh = ssh(folder.path, 'echo "backup@nas-1: Permission denied (publickey)." >&2; exit 255');
  await assert.rejects(connect(remote, new AbortController().signal), (error) => {
    assert.ok(error instanceof HoldfastError);
    assert.equal(error.message, 'backup@nas-1: Permission denied (publickey).');
    assert.match(error.hint ?? '', /ssh -o BatchMode=yes backup@nas-1 true$/);
    return true;
  });
});

test('a cancellation ends the waiting for it', { timeout: 60_000 }, async () => {
  using folder = temporaryDirectory();
  using _ssh = ssh(folder.path, 'exec sleep 1000');
  const reason = new HoldfastError({ code: 'interrupted', operation: 'run', subject: 'SIGTERM', message: 'enough' });
  const controller = new AbortController();
  const waiting = connect(remote, controller.signal);
  controller.abort(reason);
  await assert.rejects(waiting, reason);
});
