import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Lock } from '../../src/domain/plan.ts';
import { runPlan } from '../../src/engine/runner/runner.ts';
import { errnoOf } from '../../src/lib/errors.ts';
import { interruption } from '../../src/lib/interruption.ts';
import { fileLockBroker } from '../../src/repositories/broker.ts';
import { done, options, plan, step } from '../support/plans.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const HOLDER = join(import.meta.dirname, 'lock-holder.ts');
const NAME = 'repository/nas primary';
const shared: Lock = { name: NAME, mode: 'shared' };
const exclusive: Lock = { name: NAME, mode: 'exclusive' };
const never = new AbortController().signal;

type Holder = ChildProcessByStdio<Writable, Readable, null>;

/** Another process that holds, or waits for, the lock. */
const other = (stateDir: string, mode: Lock['mode']): Holder =>
  spawn(process.execPath, [HOLDER, stateDir, NAME, mode], { stdio: ['pipe', 'pipe', 'inherit'] });
async function holding(stateDir: string, mode: Lock['mode']): Promise<Holder> {
  const child = other(stateDir, mode);
  await once(child.stdout, 'data');
  return child;
}
async function end(child: Holder): Promise<void> {
  const exited = once(child, 'exit');
  child.stdin.end();
  await exited;
}

/** Processes, other than this one, that have a lock file open or on their command line. */
function lockProcesses(stateDir: string): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== String(process.pid));
  return pids.filter((pid) => {
    try {
      const files = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
      return (
        files.some((file) => file.startsWith(stateDir)) || readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(stateDir)
      );
    } catch (error) {
      if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes(errnoOf(error) ?? '')) return false; // just ended, or not ours
      throw error;
    }
  });
}
async function untilNoLockProcess(stateDir: string): Promise<void> {
  const deadline = Date.now() + 5000;
  while (lockProcesses(stateDir).length > 0 && Date.now() < deadline) await sleep(5); // nobody tells when a stranger ends
  assert.deepEqual(lockProcesses(stateDir), []);
}

describe('when a run has ended', () => {
  it('no process that held a lock for it is left, also of the last step', async () => {
    using directory = temporaryDirectory();
    const steps = ['a', 'b'].map((id) => step(id, { locks: [shared], run: () => Promise.resolve(done) }));
    await runPlan(plan(steps), options({ broker: fileLockBroker(directory.path) }));
    assert.deepEqual(lockProcesses(directory.path), []);
  });
});

describe('two processes and one lock', () => {
  it('both hold it when both ask for it shared', async () => {
    using directory = temporaryDirectory();
    const child = await holding(directory.path, 'shared');
    await using _held = await fileLockBroker(directory.path).acquire([shared], never);
    await end(child);
  });

  for (const [theirs, ours] of [
    ['exclusive', exclusive],
    ['exclusive', shared],
    ['shared', exclusive],
  ] as const) {
    it(`one waits for the other when one is ${theirs} and the other ${ours.mode}`, async () => {
      using directory = temporaryDirectory();
      const child = await holding(directory.path, theirs);
      let held = false;
      const acquiring = fileLockBroker(directory.path)
        .acquire([ours], never)
        .then((lock) => {
          held = true;
          return lock;
        });
      await sleep(100);
      assert.equal(held, false);
      await end(child);
      await using _lock = await acquiring;
    });
  }

  it('a killed holder gives it up at once', async () => {
    using directory = temporaryDirectory();
    const child = await holding(directory.path, 'exclusive');
    const acquiring = fileLockBroker(directory.path).acquire([exclusive], AbortSignal.timeout(30_000));
    child.kill('SIGKILL');
    await using _lock = await acquiring;
  });

  it('a process that is killed while it waits leaves nobody behind who waits', async () => {
    using directory = temporaryDirectory();
    {
      await using _held = await fileLockBroker(directory.path).acquire([exclusive], never);
      const child = other(directory.path, 'exclusive');
      const exited = once(child, 'exit');
      while (lockProcesses(directory.path).length < 3) await sleep(5); // ours, the other's process, the one it waits with
      child.kill('SIGKILL');
      await exited;
    }
    await untilNoLockProcess(directory.path);
    await using _again = await fileLockBroker(directory.path).acquire([exclusive], never);
  });
});

describe('giving up', () => {
  for (const lock of [shared, exclusive]) {
    it(`ends the wait for a ${lock.mode} lock with the reason, and leaves no process behind`, async () => {
      using directory = temporaryDirectory();
      const child = await holding(directory.path, 'exclusive');
      const before = lockProcesses(directory.path).length;
      const stop = new AbortController();
      const acquiring = fileLockBroker(directory.path).acquire([lock], stop.signal);
      while (lockProcesses(directory.path).length === before) await sleep(5);
      stop.abort(interruption('SIGINT'));
      await assert.rejects(acquiring, { code: 'interrupted' });
      assert.equal(lockProcesses(directory.path).length, before);
      await end(child);
    });
  }

  it('of one step leaves the others waiting for the same shared lock', async () => {
    using directory = temporaryDirectory();
    const child = await holding(directory.path, 'exclusive');
    const broker = fileLockBroker(directory.path);
    const stop = new AbortController();
    const first = broker.acquire([shared], stop.signal);
    const second = broker.acquire([shared], never);
    stop.abort(interruption('SIGINT'));
    await assert.rejects(first, { code: 'interrupted' });
    await end(child);
    await using _held = await second;
  });

  it('takes back the locks it had already got', async () => {
    using directory = temporaryDirectory();
    const child = await holding(directory.path, 'exclusive');
    const broker = fileLockBroker(directory.path);
    const free: Lock = { name: 'a', mode: 'exclusive' }; // sorts first
    const stop = new AbortController();
    const acquiring = broker.acquire([exclusive, free], stop.signal);
    while (!existsSync(join(directory.path, 'locks', 'a.lock'))) await sleep(5);
    await sleep(50);
    stop.abort(interruption('SIGINT'));
    await assert.rejects(acquiring, { code: 'interrupted' });
    await using _free = await broker.acquire([free], never);
    await end(child);
  });

  it('is at once when it was asked to stop before', async () => {
    using directory = temporaryDirectory();
    const signal = AbortSignal.abort(interruption('SIGINT'));
    await assert.rejects(fileLockBroker(directory.path).acquire([shared], signal), { code: 'interrupted' });
    assert.equal(existsSync(join(directory.path, 'locks')), false);
  });
});

describe('one process', () => {
  it('excludes itself: two exclusive holders, and a shared beside an exclusive one, take turns', async () => {
    using directory = temporaryDirectory();
    const broker = fileLockBroker(directory.path);
    let inside = 0;
    const use = async (lock: Lock): Promise<void> => {
      await using _held = await broker.acquire([lock], never);
      inside += 1;
      await sleep(5);
      assert.equal(inside, 1);
      inside -= 1;
    };
    await Promise.all([use(exclusive), use(exclusive), use(shared), use(exclusive)]);
  });

  it('does not wait for itself when a lock is asked for twice in one go, and takes the stricter', async () => {
    using directory = temporaryDirectory();
    const broker = fileLockBroker(directory.path);
    await using held = await broker.acquire([shared, exclusive, shared], never);
    let second = false;
    const waiting = broker.acquire([shared], never).then((lock) => {
      second = true;
      return lock;
    });
    await sleep(50);
    assert.equal(second, false);
    await held[Symbol.asyncDispose]();
    await using _second = await waiting;
  });

  it('leaves no processes after many rounds, and an error of one round does not spoil the next', async () => {
    using directory = temporaryDirectory();
    const broker = fileLockBroker(directory.path);
    for (let round = 0; round < 40; round += 1) {
      const stop = new AbortController();
      if (round % 5 === 4) queueMicrotask(() => stop.abort(interruption('SIGINT')));
      try {
        await using _held = await broker.acquire([round % 2 ? shared : exclusive], stop.signal);
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, 'interrupted'); // assert looks at whatever it is
      }
    }
    await untilNoLockProcess(directory.path);
    await using _last = await broker.acquire([exclusive], never);
  });

  it('takes a shared lock once for steps at the same time and one after the other', async () => {
    using directory = temporaryDirectory();
    const holders = new Set<string>();
    const steps = Array.from({ length: 30 }, (_, index) =>
      step(`s${index}`, {
        locks: [shared],
        lanes: ['x'],
        run: () => {
          for (const pid of lockProcesses(directory.path)) holders.add(pid);
          return Promise.resolve(done);
        },
      }),
    );
    const broker = fileLockBroker(directory.path);
    const report = await runPlan(plan(steps, { limits: { x: 3 } }), options({ broker }));
    assert.equal(report.counts.succeeded, 30);
    assert.equal(holders.size, 1);
    await untilNoLockProcess(directory.path);
  });

  it('gives a shared lock up only after the last of its users', async () => {
    using directory = temporaryDirectory();
    const broker = fileLockBroker(directory.path);
    const first = await broker.acquire([shared], never);
    const second = await broker.acquire([shared], never);
    await first[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose](); // twice is once
    const child = other(directory.path, 'exclusive');
    const held = once(child.stdout, 'data');
    assert.equal(await Promise.race([held.then(() => 'held'), sleep(300, 'waiting')]), 'waiting');
    await second[Symbol.asyncDispose]();
    await held;
    await end(child);
  });

  it('says what is wrong when the lock file cannot be opened', async () => {
    using directory = temporaryDirectory();
    writeFileSync(join(directory.path, 'locks'), 'a file where the directory should be');
    await assert.rejects(fileLockBroker(directory.path).acquire([shared], never), { code: 'failed', operation: 'lock' });
  });
});

describe('a lock that is lost before it is given up', () => {
  const lostOf = async (stateDir: string, lock: Lock, harm: () => void): Promise<unknown> => {
    await using held = await fileLockBroker(stateDir).acquire([lock], never);
    const { lost } = held;
    assert.ok(lost && !lost.aborted);
    const told = once(lost, 'abort');
    harm();
    await told;
    return lost.reason;
  };

  for (const lock of [shared, exclusive]) {
    it(`is told when the holder of a ${lock.mode} one is ended`, async () => {
      using directory = temporaryDirectory();
      const reason = await lostOf(directory.path, lock, () => {
        for (const pid of lockProcesses(directory.path)) process.kill(Number(pid), 'SIGKILL');
      });
      assert.match(String(reason), /the lock of .* was lost: the process that held it was ended/);
      await untilNoLockProcess(directory.path);
    });

    it(`is told when the file of a ${lock.mode} one is deleted`, async () => {
      using directory = temporaryDirectory();
      const file = join(directory.path, 'locks', `${encodeURIComponent(NAME)}.lock`);
      const reason = await lostOf(directory.path, lock, () => rmSync(file));
      assert.match(String(reason), /was lost: .*\.lock was taken away/);
    });
  }

  it('is not joined by the next step', async () => {
    using directory = temporaryDirectory();
    const broker = fileLockBroker(directory.path);
    await using first = await broker.acquire([shared], never);
    const told = once(first.lost ?? never, 'abort');
    rmSync(join(directory.path, 'locks'), { recursive: true });
    await told;
    await using second = await broker.acquire([shared], never);
    assert.equal(second.lost?.aborted, false);
  });

  it('stops the step that it was for', async () => {
    using directory = temporaryDirectory();
    const careful = step('careful', {
      locks: [exclusive],
      run: async ({ signal }) => {
        rmSync(join(directory.path, 'locks'), { recursive: true });
        await once(signal, 'abort');
        throw signal.reason;
      },
    });
    const report = await runPlan(plan([careful]), options({ broker: fileLockBroker(directory.path) }));
    assert.deepEqual(
      report.steps.map(({ outcome, reason }) => [outcome, reason?.includes('was lost')]),
      [['failed', true]],
    );
  });
});

it('a lock file that is replaced while a process waits for it does not let two in', async () => {
  using directory = temporaryDirectory();
  const locks = join(directory.path, 'locks');
  const broker = fileLockBroker(directory.path);
  const first = await holding(directory.path, 'exclusive');
  const before = lockProcesses(directory.path).length;
  const waiting = broker.acquire([exclusive], never);
  while (lockProcesses(directory.path).length === before) await sleep(5);
  await sleep(50); // it waits for the file that is taken away now
  rmSync(locks, { recursive: true });
  const second = await holding(directory.path, 'exclusive');
  await end(first);
  assert.equal(await Promise.race([waiting.then(() => 'held'), sleep(300, 'waiting')]), 'waiting');
  await end(second);
  await using _held = await waiting;
});
