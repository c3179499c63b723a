// What is left of a lab whose process is killed: nothing that runs or is mounted; and its files only until the next one opens.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { openCache } from '../../lab/cache.ts';
import { groupOf, MOUNT } from '../../lab/control-group.ts';
import { run } from '../../lab/command.ts';
import { openLab } from '../../lab/lab.ts';
import { missingFor } from '../../lab/requirements.ts';

const skip = missingFor('container', 'machine', 'network');

/** Null for one that has ended meanwhile, or is a zombie. */
function look<Found>(pid: string, at: (directory: string) => Found): Found | null {
  try {
    const directory = `/proc/${pid}`;
    return /^State:\s+[ZX]/m.test(readFileSync(`${directory}/status`, 'utf8')) ? null : at(directory);
  } catch {
    return null;
  }
}
const processes = (): string[] => readdirSync('/proc').filter((name) => /^\d+$/.test(name));

const ofRun = (id: string): string[] =>
  processes().filter((pid) =>
    look(pid, (directory) =>
      ['cgroup', 'cmdline', 'mountinfo'].some((file) => readFileSync(join(directory, file), 'utf8').includes(id)),
    ),
  );
const NAMESPACES = ['mnt', 'net', 'pid', 'uts', 'ipc', 'cgroup'];
const namespacesOf = (pid: string): string[] =>
  look(pid, (directory) => NAMESPACES.map((kind) => readlinkSync(join(directory, 'ns', kind)))) ?? [];

const groupExists = async (id: string): Promise<boolean> => {
  const script = `${MOUNT} && [ -d "$1" ]`;
  const argv: [string, ...string[]] = ['unshare', '--mount', 'sh', '-c', script, 'sh', groupOf(id)];
  return (await run({ argv, operation: 'look for', subject: id }, { anyExit: true })).exitCode === 0;
};
const loopDevices = async (): Promise<string> =>
  (await run({ argv: ['losetup', '--list'], operation: 'list', subject: 'loop devices' })).stdout;
/** Of containers that are about to get them: other tests may have some for a moment. */
const hasLabInterfaces = (): boolean => readdirSync('/sys/class/net').some((name) => name.startsWith('lab'));

test(
  'of a process that is killed in the lab no process, namespace, mount, loop device or interface is left, and the next lab removes the rest',
  { skip },
  async (t) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'support/busy-lab.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    const [id] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const emulated = (): boolean =>
      ofRun(id).some((pid) =>
        look(pid, (directory) => readFileSync(`${directory}/cmdline`, 'utf8').startsWith('qemu-system')),
      );
    while (!emulated()) await delay(20); // it says nothing when it starts
    const own = new Set(namespacesOf(String(process.pid)));
    const theirs = new Set(
      ofRun(id)
        .flatMap(namespacesOf)
        .filter((namespace) => !own.has(namespace)),
    );
    assert.ok(theirs.size >= 6, 'there is something to be left');
    // Whoever is in one of them now; the numbers themselves are soon somebody else's.
    const inside = processes().filter((pid) => namespacesOf(pid).some((namespace) => theirs.has(namespace)));
    assert.match(await loopDevices(), new RegExp(id));

    child.kill('SIGKILL');
    await once(child, 'exit');
    const deadline = performance.now() + 20_000;
    while ((ofRun(id).length > 0 || hasLabInterfaces()) && performance.now() < deadline) await delay(20); // nobody tells
    assert.ok(performance.now() < deadline, 'processes or interfaces stay');
    assert.deepEqual(
      ofRun(id).map((pid) => look(pid, (directory) => readFileSync(`${directory}/cmdline`, 'utf8'))),
      [],
    );
    assert.deepEqual(
      inside.filter((pid) => namespacesOf(pid).some((namespace) => theirs.has(namespace))),
      [],
    );
    assert.doesNotMatch(readFileSync('/proc/self/mountinfo', 'utf8'), / nsfs /, 'none is held by a mount');
    assert.doesNotMatch(await loopDevices(), new RegExp(id));

    const directory = join(openCache().runs, id);
    assert.ok(existsSync(directory), 'its files need somebody to remove them');
    await using _next = await openLab();
    assert.ok(!existsSync(directory));
    assert.equal(await groupExists(id), false);
  },
);

test('a lab that is closed leaves nothing', { skip }, async () => {
  let id: string;
  {
    await using lab = await openLab();
    ({ id } = lab);
    const network = await lab.network(['forge', 'hub']);
    await lab.container({ name: 'forge', network, fileSystems: { '/srv/data': { type: 'ext4', size: '20MB' } } });
    const hub = await lab.container({ name: 'hub', network });
    await hub.shutdown();
  }
  assert.deepEqual(ofRun(id), []);
  assert.doesNotMatch(await loopDevices(), new RegExp(id));
  assert.ok(!existsSync(join(openCache().runs, id)));
  assert.equal(await groupExists(id), false);
});
