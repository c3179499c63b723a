import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { it } from 'node:test';
import { mayBeAlive, processOf, type ProcessIdentity, selfIdentity } from '../../src/process/identity.ts';

const IDENTITY = new URL('../../src/process/identity.ts', import.meta.url).href;
const TELL = `import { selfIdentity } from '${IDENTITY}'; console.log(JSON.stringify(selfIdentity())); process.stdin.resume();`;

it('calls this process alive', () => {
  assert.equal(selfIdentity().pid, process.pid);
  assert.equal(mayBeAlive(selfIdentity()), true);
  assert.equal(mayBeAlive(JSON.parse(JSON.stringify(selfIdentity())) as ProcessIdentity), true); // as the journal keeps it
});

it('tells a process that lives from one that was killed', async () => {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', TELL], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const identity = JSON.parse(String(line)) as ProcessIdentity;
  assert.equal(mayBeAlive(identity), true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(mayBeAlive(identity), false);
});

it('is not taken in by a pid that was given to another process, or by one of an earlier boot', () => {
  const self = selfIdentity();
  assert.equal(mayBeAlive({ ...self, startTicks: String(Number(self.startTicks) - 1) }), false);
  assert.equal(mayBeAlive({ ...self, bootId: '00000000-0000-0000-0000-000000000000' }), false);
});

it('counts what it cannot look up, a process of another pid namespace, as alive', () => {
  assert.equal(mayBeAlive({ ...selfIdentity(), pid: 999_999_999, pidNamespace: 'pid:[1]' }), true);
});

it('tells what has a pid by now: its program, since when, and whether it may be signalled', async () => {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const found = processOf(child.pid ?? 0);
  assert.deepEqual([found?.program, found?.signallable], ['sleep', true]);
  assert.ok(found && found.age < 60_000, `started ${found?.age} ms ago`);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(processOf(child.pid ?? 0), null);
});

it('counts a dead process that its parent has not looked at as gone', async () => {
  const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 600'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(String(line));
  while (processOf(pid) !== null) await new Promise((resolve) => setTimeout(resolve, 5)); // nobody tells of its death
  assert.equal(process.kill(pid, 0), true, 'it is no zombie');
  parent.kill('SIGKILL');
  await once(parent, 'exit');
});
