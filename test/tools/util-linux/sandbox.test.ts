// What a program in the sandbox can and cannot do, with real namespaces, as root and as an ordinary user.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { HoldfastError } from '../../../src/lib/errors.ts';
import { inSandbox, requireSandbox, type Sandbox } from '../../../src/tools/util-linux/sandbox.ts';
import { NOBODY } from '../../support/cli.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const isRoot = process.getuid?.() === 0;
const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const users = isRoot ? [own, { uid: NOBODY, gid: NOBODY }] : [own];

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script of sh in it. */
function run(sandbox: Sandbox, script: string): Ended {
  const { uid, gid } = sandbox.user;
  const become = isRoot && uid !== 0 ? ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'] : [];
  const [program = '', ...args] = [...become, ...inSandbox(sandbox, ['sh', '-c', script])];
  return spawnSync(program, args, { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
}

for (const user of users) {
  const who = user.uid === 0 ? 'root' : 'an ordinary user';

  function scene(): Disposable & { readonly path: string; readonly sandbox: Sandbox } {
    const directory = temporaryDirectory();
    const writable = join(directory.path, 'with space', 'data');
    mkdirSync(join(writable, 'in'), { recursive: true });
    writeFileSync(join(directory.path, 'secret'), 'the password');
    mkdirSync(join(directory.path, 'private'));
    writeFileSync(join(directory.path, 'private', 'journal'), 'history');
    chmodSync(directory.path, 0o755);
    for (const path of [writable, join(writable, 'in')]) {
      if (isRoot) chownSync(path, user.uid, user.gid);
    }
    const hidden = [join(directory.path, 'secret'), join(directory.path, 'private'), '/no/such/place'];
    const sandbox = { writable, cwd: join(writable, 'in'), hidden, user };
    return { path: directory.path, sandbox, [Symbol.dispose]: () => directory[Symbol.dispose]() };
  }

  test(`${who} in a sandbox can write the one directory and /tmp, and nothing else`, () => {
    using here = scene();
    const { status, stdout, stderr } = run(
      here.sandbox,
      `set -e; id -u; echo x >made; echo x >../beside; echo x >/tmp/free
       for place in /usr/x /etc/x /var/tmp/x /dev/shm/x; do
         if echo x >"$place"; then echo "could write $place"; exit 1; fi
       done 2>/dev/null
       echo x >/dev/null; head -c 1 /dev/urandom | wc -c`,
    );
    assert.equal(status, 0, stdout + stderr);
    assert.equal(stdout, `${user.uid}\n1\n`);
    assert.ok(existsSync(join(here.sandbox.writable, 'in/made')) && existsSync(join(here.sandbox.writable, 'beside')));
    assert.ok(!existsSync('/tmp/free'));
  });

  test(`${who} in a sandbox cannot undo it`, () => {
    using here = scene();
    const { status, stdout } = run(
      here.sandbox,
      `for undo in 'mount -o remount,bind,rw /' 'umount /run' 'umount ${here.path}/private' 'mknod node b 8 0' 'nsenter -t 1 -m true' 'sh -c "cat /proc/sys/vm/swappiness | tee /proc/sys/vm/swappiness"' 'sh -c "hostname | tee /proc/sys/kernel/hostname"'; do
         if $undo; then echo "could $undo"; fi
       done 2>/dev/null; exit 0`,
    );
    assert.equal(status, 0);
    assert.equal(stdout.replace(/could nsenter.*\n/, ''), '', 'nsenter to its own process 1 leads nowhere');
  });

  test(`what is hidden from ${who} in a sandbox is seen empty, and /run without its sockets`, () => {
    using here = scene();
    const { stdout } = run(
      here.sandbox,
      `cat '${here.path}/secret' '${here.path}/private/journal' 2>&1; ls /run/*.sock /run/dbus 2>/dev/null; true`,
    );
    assert.doesNotMatch(stdout, /password|history|sock|dbus/);
  });

  test(`${who} in a sandbox has no network and sees no process but its own`, async () => {
    using here = scene();
    const server = createServer((socket) => socket.end('hello'));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const tryIt = `bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port}' 2>/dev/null && echo connected; ls /proc | grep -c '^[0-9]'`;
    const outside = execFileSync('bash', ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port} && echo connected`], {
      encoding: 'utf8',
    });
    const { stdout } = run(here.sandbox, tryIt);
    server.close();
    assert.equal(outside, 'connected\n', 'the test itself can');
    assert.doesNotMatch(stdout, /connected/);
    assert.ok(Number(stdout) < 10, stdout);
  });

  test(`what ${who} leaves running in a sandbox ends with it`, () => {
    using here = scene();
    const { status } = run(
      here.sandbox,
      `setsid sh -c 'echo $0 alive; while sleep 0.01; do echo >>still; done' >/dev/null 2>&1 & until [ -s still ]; do :; done; exit 7`,
    );
    assert.equal(status, 7, 'its exit code is the answer');
    const file = join(here.sandbox.cwd, 'still');
    const size = readFileSync(file).length;
    execFileSync('sleep', ['0.1']); // ten times as long as it would need
    assert.equal(readFileSync(file).length, size);
  });
}

test('a sandbox that cannot be made is told, and nothing runs', { skip: !isRoot && 'needs root' }, async () => {
  using directory = temporaryDirectory();
  const sandbox = { writable: join(directory.path, 'nothing'), cwd: '/', hidden: [], user: own };
  const { status, stdout, stderr } = run(sandbox, 'echo ran');
  assert.deepEqual([status, stdout], [97, '']);
  assert.match(stderr, /could not be made/);
  await assert.rejects(requireSandbox(sandbox, 'it', new AbortController().signal), (error) => {
    assert.ok(error instanceof HoldfastError && error.code === 'unsupported' && /does not allow it: ./.test(error.message));
    return true;
  });
});
