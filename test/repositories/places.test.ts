import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { duration } from '../../src/domain/duration.ts';
import type { Lock } from '../../src/domain/plan.ts';
import { runPlan } from '../../src/engine/runner/runner.ts';
import { interruption } from '../../src/lib/interruption.ts';
import { fileLockBroker } from '../../src/repositories/broker.ts';
import { done, options, plan, step } from '../support/plans.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const NAME = 'repository/nas';
const PLACES = 2;
const shared: Lock = { name: NAME, mode: 'shared', places: PLACES };
const exclusive: Lock = { name: NAME, mode: 'exclusive' };
const never = new AbortController().signal;

/** Another process that asks for a place. */
class Job {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  constructor(stateDir: string) {
    const holder = join(import.meta.dirname, 'lock-holder.ts');
    const argv = [holder, stateDir, NAME, 'shared', String(PLACES)];
    this.#child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  async says(): Promise<string> {
    return String((await this.#lines.next()).value);
  }

  async ends(how: 'orderly' | 'killed' = 'orderly'): Promise<void> {
    const exited = once(this.#child, 'exit');
    if (how === 'killed') this.#child.kill('SIGKILL');
    else this.#child.stdin.end();
    await exited;
  }
}

const WAITS = 'waiting for a place in nas: 2 of 2 in use';

describe('places of a repository', () => {
  it('are had by as many processes as there are places, and the next one says what it waits for', async () => {
    using directory = temporaryDirectory();
    const [first, second] = [new Job(directory.path), new Job(directory.path)];
    assert.deepEqual([await first.says(), await second.says()], ['held', 'held']);
    const third = new Job(directory.path);
    assert.equal(await third.says(), WAITS);
    const held = third.says();
    assert.equal(await Promise.race([held, soon()]), 'soon', 'none was free');
    await second.ends();
    assert.equal(await held, 'held');
    await Promise.all([first.ends(), third.ends()]);
  });

  it('are given up by a process that is killed, and had by those that queue, one after the other', async () => {
    using directory = temporaryDirectory();
    const holders = [new Job(directory.path), new Job(directory.path)];
    for (const holder of holders) assert.equal(await holder.says(), 'held');
    const queue: Job[] = [];
    for (let index = 0; index < 3; index += 1) {
      const job = new Job(directory.path);
      assert.equal(await job.says(), WAITS);
      queue.push(job);
    }
    const gone: number[] = [];
    const turns = queue.map(async (job, index) => {
      assert.equal(await job.says(), 'held');
      gone.push(index);
    });
    await holders[0]?.ends('killed');
    await Promise.race(turns);
    assert.equal(gone.length, 1);
    await queue[gone[0] ?? 0]?.ends();
    await holders[1]?.ends();
    await Promise.all(turns);
    for (const [index, job] of queue.entries()) if (index !== gone[0]) await job.ends();
  });

  it('keep nobody out who has the repository to himself: he waits for all that have one, and they for him', async () => {
    using directory = temporaryDirectory();
    const job = new Job(directory.path);
    assert.equal(await job.says(), 'held');
    const broker = fileLockBroker(directory.path);
    const alone = broker.acquire([exclusive], never);
    assert.equal(await Promise.race([alone, soon()]), 'soon');
    await job.ends();
    const next = new Job(directory.path);
    const held = next.says();
    {
      await using _alone = await alone;
      assert.equal(await Promise.race([held, soon()]), 'soon');
    }
    assert.equal(await held, 'held');
    await next.ends();
  });

  it('are waited for no longer than the signal allows, and nothing of the wait stays', async () => {
    using directory = temporaryDirectory();
    const holders = [new Job(directory.path), new Job(directory.path)];
    for (const holder of holders) await holder.says();
    const stop = new AbortController();
    const waiting = Promise.withResolvers<string>();
    const acquiring = fileLockBroker(directory.path).acquire([shared], stop.signal, waiting.resolve);
    assert.equal(`waiting for ${await waiting.promise}`, WAITS);
    stop.abort(interruption('SIGINT'));
    await assert.rejects(acquiring, { code: 'interrupted' });
    await Promise.all(holders.map((holder) => holder.ends()));
    const again = [new Job(directory.path), new Job(directory.path)];
    for (const job of again) assert.equal(await job.says(), 'held');
    await Promise.all(again.map((job) => job.ends()));
  });

  it('pass from step to step of one run, and are free when it has ended', async () => {
    using directory = temporaryDirectory();
    const steps = ['a', 'b', 'c'].map((id) => step(id, { locks: [shared], run: () => Promise.resolve(done) }));
    const report = await runPlan(plan(steps), options({ broker: fileLockBroker(directory.path) }));
    assert.equal(report.exitCode, 0);
    const jobs = [new Job(directory.path), new Job(directory.path)];
    for (const job of jobs) assert.equal(await job.says(), 'held');
    await Promise.all(jobs.map((job) => job.ends()));
  });
});

describe('a step that waits for a place', () => {
  it('says so while it waits, tells it in its report, and does not count it against its time limit', async () => {
    using directory = temporaryDirectory();
    const holders = [new Job(directory.path), new Job(directory.path)];
    for (const holder of holders) await holder.says();
    const said: string[] = [];
    const waits = step('a', { locks: [shared], timeout: limit(1000), run: () => Promise.resolve(done) });
    const report = await runPlan(
      plan([waits]),
      options({
        broker: fileLockBroker(directory.path),
        observe: (event) => {
          if (event.type !== 'step-waiting') return;
          said.push(event.message);
          setTimeout(() => void holders[0]?.ends(), 1200);
        },
      }),
    );
    assert.deepEqual(said, [WAITS]);
    assert.equal(report.steps[0]?.outcome, 'succeeded');
    assert.match(report.steps[0]?.warnings.join() ?? '', /^waited \S+ for a place in nas: 2 of 2 in use$/);
    await holders[1]?.ends();
  });
});

/** Long enough that what could happen at once has happened. */
const soon = (): Promise<'soon'> => new Promise((resolve) => void setTimeout(() => resolve('soon'), 150));
const limit = (milliseconds: number) => duration(milliseconds, 'ms');
